//! Events by the group: each function is one statement, however many there are.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{EventState, Model, WebhookEvent};
use crate::Rows;
use domain::{LinkId, MerchantId, WebhookEventId};

/// Those of the events that there are, each of the merchant that is named beside it.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all(
    db: &impl ConnectionTrait,
    events: &[(MerchantId, WebhookEventId)],
) -> Result<Vec<WebhookEvent>, DbErr> {
    let mut rows = Rows::new([("event_merchant", "uuid"), ("event_id", "uuid")]);
    for (merchant, event) in events {
        rows.push([(*merchant).into(), (*event).into()]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let select =
        "SELECT webhook_event.* FROM v JOIN webhook_event ON id = v.event_id AND merchant_id = v.event_merchant";
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), select, Vec::new())).await?;
    found.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// Says of events that they were applied, each to its link: see [`conclude`](super::conclude).
///
/// # Errors
/// When the database does not answer.
pub async fn conclude_applied(
    db: &impl ConnectionTrait,
    events: &[(MerchantId, WebhookEventId, LinkId)],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("event_merchant", "uuid"), ("event_id", "uuid"), ("event_link", "uuid")]);
    for (merchant, event, link) in events {
        rows.push([(*merchant).into(), (*event).into(), (*link).into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE webhook_event SET state = {0}, link_id = v.event_link, error = NULL, applied_at = {1} \
        FROM v WHERE id = v.event_id AND merchant_id = v.event_merchant";
    let more = vec![EventState::Applied.into(), now.into()];
    db.execute_raw(rows.statement(db.get_database_backend(), update, more)).await.map(|_| ())
}

/// Says of events that they mean nothing to us, and erases them: see [`conclude`](super::conclude).
///
/// # Errors
/// When the database does not answer.
pub async fn conclude_ignored(
    db: &impl ConnectionTrait,
    events: &[(MerchantId, WebhookEventId)],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("event_merchant", "uuid"), ("event_id", "uuid")]);
    for (merchant, event) in events {
        rows.push([(*merchant).into(), (*event).into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE webhook_event SET state = {0}, link_id = NULL, error = NULL, applied_at = {1}, payload = NULL \
        FROM v WHERE id = v.event_id AND merchant_id = v.event_merchant";
    let more = vec![EventState::Ignored.into(), now.into()];
    db.execute_raw(rows.statement(db.get_database_backend(), update, more)).await.map(|_| ())
}

//! Events by the group: each function is one statement, however many there are.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{EventState, Model, NewEvent, WebhookEvent};
use crate::{LinkId, MerchantId, Rows, WebhookEventId};

/// Stores events in one statement; answers the ids of those that were not stored before. Of two events of a sender with the
/// same id, in `new` or beside it, one is stored.
///
/// # Errors
/// When the database refuses or does not answer; then none is stored.
pub async fn insert_all(
    db: &impl ConnectionTrait,
    mut new: Vec<NewEvent>,
    now: DateTime<Utc>,
) -> Result<HashSet<WebhookEventId>, DbErr> {
    // Two writers that have the same two events take them in the same order, so that neither waits for the other for ever.
    new.sort_by(|a, b| (a.merchant_id, &a.external_id).cmp(&(b.merchant_id, &b.external_id)));
    let mut rows = Rows::new([
        ("id", "uuid"),
        ("merchant_id", "uuid"),
        ("source", "text"),
        ("external_id", "text"),
        ("kind", "text"),
        ("payload", "text"),
    ]);
    for event in new {
        rows.push([
            event.id.into(),
            event.merchant_id.into(),
            event.source.into(),
            event.external_id.into(),
            event.kind.into(),
            event.payload.into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let insert = "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, state, received_at) \
        SELECT id, merchant_id, source, external_id, kind, payload, {0}, {1} FROM v WHERE true \
        ON CONFLICT (merchant_id, source, external_id) DO NOTHING RETURNING id";
    let more = vec![EventState::Received.into(), now.into()];
    let stored = db.query_all_raw(rows.statement(db.get_database_backend(), insert, more)).await?;
    stored.iter().map(|row| row.try_get("", "id")).collect()
}

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
    events: &[(WebhookEventId, LinkId)],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("event_id", "uuid"), ("event_link", "uuid")]);
    for (event, link) in events {
        rows.push([(*event).into(), (*link).into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE webhook_event SET state = {0}, link_id = v.event_link, error = NULL, applied_at = {1} \
        FROM v WHERE id = v.event_id";
    let more = vec![EventState::Applied.into(), now.into()];
    db.execute_raw(rows.statement(db.get_database_backend(), update, more)).await.map(|_| ())
}

/// Says of events that they mean nothing to us, and erases them: see [`conclude`](super::conclude).
///
/// # Errors
/// When the database does not answer.
pub async fn conclude_ignored(
    db: &impl ConnectionTrait,
    events: &[WebhookEventId],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("event_id", "uuid")]);
    for event in events {
        rows.push([(*event).into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE webhook_event SET state = {0}, link_id = NULL, error = NULL, applied_at = {1}, payload = NULL \
        WHERE id IN (SELECT event_id FROM v)";
    let more = vec![EventState::Ignored.into(), now.into()];
    db.execute_raw(rows.statement(db.get_database_backend(), update, more)).await.map(|_| ())
}

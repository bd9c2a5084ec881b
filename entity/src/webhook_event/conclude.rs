//! Records the outcomes of events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::EventState;
use crate::Rows;
use domain::{LinkId, MerchantId, WebhookEventId};

/// The outcome of an event.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// The merchant that received it.
    pub merchant: MerchantId,
    /// The event.
    pub event: WebhookEventId,
    /// The outcome.
    pub state: EventState,
    /// The link it is about.
    pub link: Option<LinkId>,
    /// Why it could not be applied.
    pub error: Option<String>,
}

/// Returns which events are about links that were purged.
const CONCLUDE: &str = "INSERT INTO webhook_outcome (event_id, merchant_id, state, error, link_id, applied_at) \
    SELECT the_event, the_merchant, is_state, why, the_link, {0} FROM v WHERE true \
    ON CONFLICT (event_id) DO UPDATE SET state = excluded.state, error = excluded.error, link_id = excluded.link_id, \
        applied_at = excluded.applied_at \
    RETURNING event_id, EXISTS (SELECT 1 FROM payment_link \
        WHERE payment_link.id = webhook_outcome.link_id AND payment_link.purged_at IS NOT NULL) AS is_of_purged";

const ERASE: &str = "UPDATE webhook_event SET payload = NULL FROM v \
    WHERE webhook_event.id = the_event AND webhook_event.merchant_id = the_merchant";

/// Records the outcomes of events in one statement. The payload of an ignored event is erased: it will not be needed,
/// and may contain amounts and buyers. So is that of an event about a purged link.
pub async fn conclude(db: &impl ConnectionTrait, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), DbErr> {
    let mut rows = Rows::new([
        ("the_event", "uuid"),
        ("the_merchant", "uuid"),
        ("is_state", "text"),
        ("the_link", "uuid?"),
        ("why", "text?"),
    ]);
    // The same order in every group, so that two groups do not deadlock.
    let in_order: BTreeMap<WebhookEventId, &Conclusion> = conclusions.iter().map(|one| (one.event, one)).collect();
    for Conclusion { merchant, event, state, link, error } in in_order.values() {
        rows.push([(*event).into(), (*merchant).into(), (*state).into(), (*link).into(), error.clone().into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let backend = db.get_database_backend();
    let mut erased = Rows::new([("the_event", "uuid"), ("the_merchant", "uuid")]);
    for row in db.query_all_raw(rows.statement(backend, CONCLUDE, vec![now.into()])).await? {
        let event: WebhookEventId = row.try_get("", "event_id")?;
        let Some(conclusion) = in_order.get(&event) else { continue };
        if conclusion.state == EventState::Ignored || row.try_get("", "is_of_purged")? {
            erased.push([event.into(), conclusion.merchant.into()]);
        }
    }
    if erased.is_empty() {
        return Ok(());
    }
    db.execute_raw(erased.statement(backend, ERASE, Vec::new())).await.map(|_| ())
}

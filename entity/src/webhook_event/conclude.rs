//! What became of events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::EventState;
use crate::Rows;
use domain::{LinkId, MerchantId, WebhookEventId};

/// What became of an event.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// Whom it was told to.
    pub merchant: MerchantId,
    /// Which.
    pub event: WebhookEventId,
    /// What became of it.
    pub state: EventState,
    /// The link it was about.
    pub link: Option<LinkId>,
    /// Why it could not be applied.
    pub error: Option<String>,
}

/// What is told of a link after its purge is acted on and not kept.
const UPDATE: &str = "UPDATE webhook_event SET state = is_state, link_id = the_link, error = why, applied_at = {0}, \
    payload = CASE WHEN keeps AND NOT EXISTS \
        (SELECT 1 FROM payment_link WHERE payment_link.id = the_link AND purged_at IS NOT NULL) THEN payload END \
    FROM v WHERE webhook_event.id = the_event AND webhook_event.merchant_id = the_merchant";

/// Says what became of events, by one statement. One that was ignored is erased: nobody will ask for it again, and it may name amounts
/// and buyers.
///
/// # Errors
/// When the database does not answer.
pub async fn conclude(db: &impl ConnectionTrait, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), DbErr> {
    let mut rows = Rows::new([
        ("the_event", "uuid"),
        ("the_merchant", "uuid"),
        ("is_state", "text"),
        ("the_link", "uuid?"),
        ("why", "text?"),
        ("keeps", "bool"),
    ]);
    // In the same order in every group, so that two do not wait for each other for ever.
    let in_order: BTreeMap<WebhookEventId, &Conclusion> = conclusions.iter().map(|one| (one.event, one)).collect();
    for Conclusion { merchant, event, state, link, error } in in_order.into_values() {
        let keeps = *state != EventState::Ignored;
        rows.push([
            (*event).into(),
            (*merchant).into(),
            (*state).into(),
            (*link).into(),
            error.clone().into(),
            keeps.into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    db.execute_raw(rows.statement(db.get_database_backend(), UPDATE, vec![now.into()])).await.map(|_| ())
}

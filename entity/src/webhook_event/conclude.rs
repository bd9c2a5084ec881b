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
    /// Whether there must be no outcome yet, not even a failure: the event has no job's row by which two workers that
    /// apply it would notice each other.
    pub is_first: bool,
}

/// Followed by what is done with outcomes that are there already.
const CONCLUDE: &str = "INSERT INTO webhook_outcome (event_id, merchant_id, state, error, link_id, applied_at) \
    SELECT the_event, the_merchant, is_state, why, the_link, {0} FROM v WHERE true ON CONFLICT (event_id) DO";

/// What was applied, or means nothing to us, stays so until it is replayed.
const REPLACE_FAILURES: &str = "UPDATE SET state = excluded.state, error = excluded.error, link_id = excluded.link_id, \
    applied_at = excluded.applied_at WHERE webhook_outcome.state = 'failed'";

/// Tells which events are about links that were purged.
const TELL: &str = "RETURNING event_id, EXISTS (SELECT 1 FROM payment_link \
    WHERE payment_link.id = webhook_outcome.link_id AND payment_link.purged_at IS NOT NULL) AS is_of_purged";

const ERASE: &str = "UPDATE webhook_event SET payload = NULL FROM v \
    WHERE webhook_event.id = the_event AND webhook_event.merchant_id = the_merchant";

/// One of the events has an outcome by another job or worker. The transaction has to be rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another job or worker has applied the event")]
pub struct AppliedMeanwhile;

/// Records the outcomes of events, in one statement or two. The payload of an ignored event is erased: it will not be
/// needed, and may contain amounts and buyers. So is that of an event about a purged link.
///
/// # Errors
/// Returns an error if the database query fails. The inner `Err` says that an event has another outcome: if this had to
/// be the first, any; if not, any but a failure.
pub async fn conclude(
    db: &impl ConnectionTrait,
    conclusions: &[Conclusion],
    now: DateTime<Utc>,
) -> Result<Result<(), AppliedMeanwhile>, DbErr> {
    // The same order in every group, so that two groups do not deadlock.
    let in_order: BTreeMap<WebhookEventId, &Conclusion> = conclusions.iter().map(|one| (one.event, one)).collect();
    let mut erased = Rows::new([("the_event", "uuid"), ("the_merchant", "uuid")]);
    for (is_first, if_there) in [(true, "NOTHING"), (false, REPLACE_FAILURES)] {
        let rows = rows(in_order.values().filter(|one| one.is_first == is_first));
        if rows.is_empty() {
            continue;
        }
        let (many, conclude) = (rows.len(), format!("{CONCLUDE} {if_there} {TELL}"));
        let recorded = db.query_all_raw(rows.statement(db.get_database_backend(), &conclude, vec![now.into()])).await?;
        if recorded.len() < many {
            return Ok(Err(AppliedMeanwhile));
        }
        for row in recorded {
            let event: WebhookEventId = row.try_get("", "event_id")?;
            let Some(conclusion) = in_order.get(&event) else { continue };
            if conclusion.state == EventState::Ignored || row.try_get("", "is_of_purged")? {
                erased.push([event.into(), conclusion.merchant.into()]);
            }
        }
    }
    if !erased.is_empty() {
        db.execute_raw(erased.statement(db.get_database_backend(), ERASE, Vec::new())).await?;
    }
    Ok(Ok(()))
}

fn rows<'a>(conclusions: impl Iterator<Item = &'a &'a Conclusion>) -> Rows<5> {
    let mut rows = Rows::new([
        ("the_event", "uuid"),
        ("the_merchant", "uuid"),
        ("is_state", "text"),
        ("the_link", "uuid?"),
        ("why", "text?"),
    ]);
    for Conclusion { merchant, event, state, link, error, .. } in conclusions {
        rows.push([(*event).into(), (*merchant).into(), (*state).into(), (*link).into(), error.clone().into()]);
    }
    rows
}

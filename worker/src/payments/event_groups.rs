//! Applies Stripe's events in groups: what they share, and what not. What an event means is in `apply_stripe_event`.
//!
//! Each job keeps its own lease, attempt and result; only reads and writes are shared. A single event is a group of one
//! and takes the same path. If a group as a whole fails, its events are applied one by one, so a bad event costs the
//! others a little time and nothing else.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use domain::{Clock, LinkId};
use entity::{
    Db, Transaction, stripe_integration,
    webhook_event::{self, AppliedMeanwhile, Conclusion, EventState},
};
use queue::{BatchHandler, Batcher, Done, JobError, Lease, Limits, ProcessStripeEvent, finish_all};
use sea_orm::DbErr;

use crate::payments::apply_stripe_event::{self, ParsedEvent};

/// The minimum time between two groups. One event costs as many round trips as two hundred, so events that come in a
/// row share a group, which delays them slightly. Their senders were answered before.
const PACE: Duration = Duration::from_millis(10);

/// Applies events in groups. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct EventGroups(Batcher<Applying>);

impl EventGroups {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        let patience = Duration::from_secs(10);
        // One at a time: commits do not wait for a disk, and larger groups cost less for each event.
        let limits = Limits { group: 256, at_once: 1, waiting: usize::MAX, patience, pace: PACE };
        Self(Batcher::new(Applying { db, clock }, limits))
    }

    /// Applies an event together with others that are due, and finishes its job. Returns `None` if the group failed, so
    /// that the event must be applied alone; so must one that was tried before, as it would fail others again.
    pub(crate) async fn apply(&self, item: Item) -> Option<Result<Done, JobError>> {
        if item.lease.job().attempts() > 1 {
            return None;
        }
        self.0.submit(item).await.ok().flatten()
    }
}

/// A job of a group.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) lease: Lease,
    pub(crate) job: ProcessStripeEvent,
}

struct Applying {
    db: Db,
    clock: Clock,
}

impl BatchHandler for Applying {
    type Item = Item;
    type Answer = Option<Result<Done, JobError>>;

    async fn handle(&self, group: Vec<Item>) -> Vec<Self::Answer> {
        match apply_all(&self.db, &group, self.clock.now()).await {
            Ok(ended) => ended.into_iter().map(Some).collect(),
            Err(error) => {
                tracing::warn!(events = group.len(), %error, "events were not applied together; each is applied alone");
                group.iter().map(|_| None).collect()
            }
        }
    }
}

/// The result for an event of a group: its job is finished, or why it is not.
type Ended = Result<Done, JobError>;

/// Applies events in one transaction, and finishes their jobs in it. Returns one result for each, in order.
///
/// # Errors
/// Returns an error if the database query fails, if another worker holds one of the jobs, or if one of several events was
/// applied by another job; then nothing was done for any of them.
pub(crate) async fn apply_all(db: &Db, group: &[Item], now: DateTime<Utc>) -> Result<Vec<Ended>, JobError> {
    let (tx, events) = begin(db, group).await?;
    let told: Vec<&ParsedEvent> = events.iter().flatten().collect();
    let mut outcomes = apply_stripe_event::apply(&tx, &told, now).await?.into_iter();
    let longest: Vec<_> = told.iter().filter_map(|told| told.too_long_to_keep()).collect();
    let outcome = |event: Result<ParsedEvent, JobError>| event.map(|_| outcomes.next().flatten());
    let outcomes: Vec<Result<Option<LinkId>, JobError>> = events.into_iter().map(outcome).collect();
    let done: Vec<(&Item, Option<LinkId>)> =
        group.iter().zip(&outcomes).filter_map(|(item, link)| Some((item, *link.as_ref().ok()?))).collect();
    if let Err(AppliedMeanwhile) = conclude(&tx, &done, now).await? {
        if let [item] = group {
            return Ok(vec![item.lease.finish_applied(tx, db, now).await]);
        }
        tx.rollback().await?;
        return Err(JobError::NotOurs);
    }
    webhook_event::erase_longest(&tx, &longest).await?;
    let leases: Vec<&Lease> = done.iter().map(|(item, _)| &item.lease).collect();
    let mut proofs = finish_all(&leases, tx, now).await?.into_iter();
    // An event that was not applied must not consume another one's proof.
    let mut end = |_| proofs.next().ok_or(JobError::NotOurs);
    Ok(outcomes.into_iter().map(|link| link.and_then(&mut end)).collect())
}

/// Reads events and begins the transaction that applies them.
async fn begin(db: &Db, group: &[Item]) -> Result<(Transaction, Vec<Result<ParsedEvent, JobError>>), DbErr> {
    let jobs: Vec<&ProcessStripeEvent> = group.iter().map(|item| &item.job).collect();
    if db.reads_groups_alone() {
        let events = apply_stripe_event::read_all(db.pool(), &jobs).await?;
        return Ok((db.begin_redoable_group().await?, events));
    }
    let tx = db.begin_redoable_group().await?;
    let events = apply_stripe_event::read_all(&tx, &jobs).await?;
    Ok((tx, events))
}

/// Records the outcomes of events, and that their merchants' webhooks work.
async fn conclude(
    tx: &Transaction,
    done: &[(&Item, Option<LinkId>)],
    now: DateTime<Utc>,
) -> Result<Result<(), AppliedMeanwhile>, DbErr> {
    let conclusion = |(item, link): &(&Item, Option<LinkId>)| Conclusion {
        merchant: item.job.merchant,
        event: item.job.event,
        state: if link.is_some() { EventState::Applied } else { EventState::Ignored },
        link: *link,
        error: None,
        is_first: !item.lease.has_row(),
    };
    let concluded = webhook_event::conclude(tx, &done.iter().map(conclusion).collect::<Vec<_>>(), now).await?;
    if concluded.is_err() {
        return Ok(concluded);
    }
    // Sorted, so that two groups do not deadlock.
    for merchant in done.iter().map(|(item, _)| item.job.merchant).collect::<BTreeSet<_>>() {
        stripe_integration::note_event(tx, merchant, now).await?;
    }
    Ok(concluded)
}

#[cfg(test)]
mod tests;

//! Removes old data: finished jobs, idempotency keys, console sessions, webhook events, changes and deliveries, batch
//! rows, details of the audit log, notes, conversations with their pictures, buyers without links, daily counts, and
//! abandoned uploads.

use chrono::TimeDelta;
use entity::{
    attention, audit, batch, change, conversation, idempotency,
    link::RETENTION,
    merchant, message, order,
    picture::{self, RemovalError},
    session, webhook_endpoint, webhook_event,
};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

/// An older upload no longer belongs to any command or job.
const STAGING: TimeDelta = TimeDelta::days(2);

/// How long the feed of changes is kept.
const CHANGES_KEPT: TimeDelta = TimeDelta::days(30);

/// How many events of a merchant are deleted at once, and how often. A merchant with 100,000,000 links a year has
/// 30,000 an hour.
const EVENTS_AT_ONCE: u64 = 1_000;
const ROUNDS: usize = 200;

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, at) = (scheduler.db.pool(), now.at);
    let jobs = queue::recovery::clean(pool, scheduler.job_retention, at).await?;
    let keys = idempotency::clean(pool, at).await?;
    let sessions = session::clean(pool, at).await?;
    let events = forget_events(scheduler, now).await?;
    // Of those that are left for the next time.
    let payloads = webhook_event::erase_payloads_before(pool, at - RETENTION).await?;
    let mut changes = change::forget_before(pool, at - CHANGES_KEPT).await?;
    changes += webhook_endpoint::delivery::forget_before(pool, at - CHANGES_KEPT).await?;
    let rows = batch::erase_before(pool, at - RETENTION, at).await?;
    let tx = scheduler.db.begin().await?;
    let texts = message::erase_said_before(&tx, at - RETENTION, at).await?;
    tx.commit().await?;
    let reasons = audit::erase_details_before(pool, at - RETENTION).await?
        + attention::erase_notes_before(pool, at - RETENTION).await?;
    let buyers = forget_buyers(scheduler, now).await?;
    scheduler.db.truncate_log().await;
    let day = (at - RETENTION).date_naive();
    let counts = message::forget_counts_before(pool, day).await? + order::forget_counts_before(pool, day).await?;
    // Last, so that a store that is away holds up none of the above.
    let pictures = picture::remove_erased(pool, &scheduler.documents).await.map_err(|error| match error {
        RemovalError::Db(error) => SchedulerError::from(error),
        RemovalError::Store(error) => error.into(),
    })?;
    let uploads = scheduler.documents.clean_staging(at - STAGING).await?;
    Ok(jobs
        + rows
        + keys
        + sessions
        + events
        + payloads
        + changes
        + texts
        + pictures
        + reasons
        + buyers
        + counts
        + uploads as u64)
}

async fn forget_events(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, mut forgotten) = (scheduler.db.pool(), 0);
    for merchant in merchant::ids(pool).await? {
        for _ in 0..ROUNDS {
            let tx = scheduler.db.begin_group().await?;
            let some = webhook_event::forget_before(&tx, merchant, now.at - RETENTION, EVENTS_AT_ONCE).await?;
            tx.commit().await?;
            forgotten += some;
            if some < EVENTS_AT_ONCE {
                break;
            }
        }
    }
    Ok(forgotten)
}

/// Forgets the buyers of orders that never had a link, and manually entered numbers of buyers who opted out.
async fn forget_buyers(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, cutoff, mut forgotten) = (scheduler.db.pool(), now.at - RETENTION, 0);
    let mut pages = Pages::new();
    while let Some(orders) =
        pages.next(|after| order::due_for_forgetting(pool, cutoff, after, PAGE), |order| order.id).await?
    {
        let tx = scheduler.db.begin().await?;
        order::forget_customers(&tx, &orders, now.at).await?;
        tx.commit().await?;
        forgotten += orders.len() as u64;
    }
    let mut pages = Pages::new();
    while let Some(rows) =
        pages.next(|after| conversation::due_for_forgetting(pool, cutoff, after, PAGE), |row| row.id).await?
    {
        let tx = scheduler.db.begin().await?;
        conversation::forget_numbers(&tx, &rows).await?;
        tx.commit().await?;
        forgotten += rows.len() as u64;
    }
    Ok(forgotten)
}

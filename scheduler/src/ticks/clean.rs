//! Removes what is over: finished jobs, idempotency keys, console sessions, webhook payloads, old changes, reasons that were given, what was
//! said in conversations with its pictures, and uploads that no command has claimed.

use chrono::TimeDelta;
use entity::{
    attention, audit, change, idempotency,
    link::RETENTION,
    message, order,
    picture::{self, RemovalError},
    session, webhook_event,
};

use crate::{Scheduler, SchedulerError, tick::Moment};

/// An upload older than this belongs to no command and to no job any more.
const STAGING: TimeDelta = TimeDelta::days(2);

/// How long the feed of changes is kept.
const CHANGES_KEPT: TimeDelta = TimeDelta::days(30);

pub(crate) async fn run(scheduler: &Scheduler, now: Moment) -> Result<u64, SchedulerError> {
    let (pool, at) = (scheduler.db.pool(), now.at);
    let jobs = queue::recovery::clean(pool, scheduler.job_retention, at).await?;
    let keys = idempotency::clean(pool, at).await?;
    let sessions = session::clean(pool, at).await?;
    let payloads = webhook_event::erase_payloads_before(pool, at - RETENTION).await?;
    let changes = change::forget_before(pool, at - CHANGES_KEPT).await?;
    let tx = scheduler.db.begin().await?;
    let texts = message::erase_said_before(&tx, at - RETENTION, at).await?;
    tx.commit().await?;
    let pictures = picture::remove_erased(pool, &scheduler.documents).await.map_err(|error| match error {
        RemovalError::Db(error) => SchedulerError::from(error),
        RemovalError::Store(error) => error.into(),
    })?;
    let reasons = audit::erase_details_before(pool, at - RETENTION).await?
        + attention::erase_notes_before(pool, at - RETENTION).await?;
    scheduler.db.truncate_log().await;
    let day = (at - RETENTION).date_naive();
    let counts = message::forget_counts_before(pool, day).await? + order::forget_counts_before(pool, day).await?;
    let uploads = scheduler.documents.sweep_staging(at - STAGING).await?;
    Ok(jobs + keys + sessions + payloads + changes + texts + pictures + reasons + counts + uploads as u64)
}

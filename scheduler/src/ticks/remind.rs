//! Writes a job for each reminder that is due, at an hour that suits the buyer.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::{Merchant, link, reminder};
use queue::{EnqueueOptions, EnqueuedJob, Remind, enqueue};

use super::PAGE;
use crate::{Scheduler, SchedulerError};

pub(crate) async fn run(scheduler: &Scheduler, at: DateTime<Utc>, due: DateTime<Utc>) -> Result<u64, SchedulerError> {
    let mut written = 0;
    for owner in reminder::merchants(scheduler.db.pool()).await? {
        written += run_for_merchant(scheduler, &owner, at, due).await?;
    }
    Ok(written)
}

async fn run_for_merchant(
    scheduler: &Scheduler,
    owner: &Merchant,
    at: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<u64, SchedulerError> {
    let (mut after, mut written) = (None, 0);
    loop {
        let links = reminder::candidates(scheduler.db.pool(), owner, at, after, PAGE).await?;
        let Some(last) = links.last() else { return Ok(written) };
        after = Some(last.id);
        let mut now_due = Vec::new();
        for link in links {
            let reminder = reminder::due(scheduler.db.pool(), owner, &link, at).await?;
            if reminder.is_some_and(|reminder| reminder.not_before <= at) {
                now_due.push(link);
            }
        }
        let enqueued = enqueue_all(scheduler, owner, &now_due, at, due).await?;
        written += enqueued.len() as u64;
        scheduler.notify(&enqueued).await;
    }
}

async fn enqueue_all(
    scheduler: &Scheduler,
    owner: &Merchant,
    links: &[link::Model],
    at: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, SchedulerError> {
    let slot = due.to_rfc3339_opts(SecondsFormat::Secs, true);
    let tx = scheduler.db.begin().await?;
    let mut enqueued = Vec::new();
    for link in links {
        let job = Remind { merchant: owner.id, link: link.id, as_of: at };
        let once = EnqueueOptions::for_merchant(owner.id).unique(format!("remind:{}:{slot}", link.id));
        enqueued.extend(enqueue(&tx, &job, once, scheduler.clock.now()).await?);
    }
    tx.commit().await?;
    Ok(enqueued)
}

//! Writes a job to close each unpaid link whose time is over.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::link;
use queue::{CloseReason, CloseStripeLink, EnqueueOptions, enqueue};

use super::PAGE;
use crate::{Scheduler, SchedulerError};

pub(crate) async fn run(scheduler: &Scheduler, at: DateTime<Utc>, due: DateTime<Utc>) -> Result<u64, SchedulerError> {
    let slot = due.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (mut after, mut written) = (None, 0);
    loop {
        let links = link::due_for_expiry(scheduler.db.pool(), at, after, PAGE).await?;
        let Some(last) = links.last() else { return Ok(written) };
        after = Some(last.id);
        let tx = scheduler.db.begin().await?;
        let mut enqueued = Vec::new();
        for link in &links {
            let job = CloseStripeLink { merchant: link.merchant_id, link: link.id, reason: CloseReason::Expiry };
            let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("expire:{}:{slot}", link.id));
            enqueued.extend(enqueue(&tx, &job, once, scheduler.clock.now()).await?);
        }
        tx.commit().await?;
        written += enqueued.len() as u64;
        scheduler.notify(&enqueued).await;
    }
}

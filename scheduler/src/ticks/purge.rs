//! Writes a job to erase each link that is 90 days old.

use chrono::{DateTime, Utc};
use entity::link;
use queue::{EnqueueOptions, PurgeLink, enqueue};

use super::PAGE;
use crate::{Scheduler, SchedulerError};

pub(crate) async fn run(scheduler: &Scheduler, at: DateTime<Utc>) -> Result<u64, SchedulerError> {
    let (mut after, mut written) = (None, 0);
    loop {
        let links = link::due_for_purge(scheduler.db.pool(), at, after, PAGE).await?;
        let Some(last) = links.last() else { return Ok(written) };
        after = Some(last.id);
        let tx = scheduler.db.begin().await?;
        let mut enqueued = Vec::new();
        for link in &links {
            let job = PurgeLink { merchant: link.merchant_id, link: link.id, as_of: at, on_request: false };
            // One job for each link, however often it is found: it is retried until it is done.
            let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("purge:{}", link.id));
            enqueued.extend(enqueue(&tx, &job, once, scheduler.clock.now()).await?);
        }
        tx.commit().await?;
        written += enqueued.len() as u64;
        scheduler.notify(&enqueued).await;
    }
}

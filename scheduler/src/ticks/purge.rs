//! Enqueues a job to erase each link that is 90 days old.

use entity::link;
use queue::{EnqueueOptions, PurgeLink};

use super::{PAGE, Pages};
use crate::{Scheduler, SchedulerError, tick::Moment};

pub(crate) async fn run(scheduler: &Scheduler, now: Moment) -> Result<u64, SchedulerError> {
    let pool = scheduler.db.pool();
    let job = |link: &link::Model| {
        let job = PurgeLink { merchant: link.merchant_id, link: link.id, as_of: now.at, on_request: false };
        // One job for each link, however often it is found: it is retried until it is done.
        (job, EnqueueOptions::for_merchant(link.merchant_id).unique(format!("purge:{}", link.id)))
    };
    let (mut pages, mut written) = (Pages::new(), 0);
    while let Some(links) = pages.next(|after| link::due_for_purge(pool, now.at, after, PAGE), |link| link.id).await? {
        written += scheduler.enqueue(links.iter().map(job).collect()).await?;
    }
    Ok(written)
}

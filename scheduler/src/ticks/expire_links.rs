//! Enqueues a job to close each unpaid link that has expired. One that is still open after 90 days, because its payment
//! was in progress or Stripe did not answer, is closed by the job that `purge_links` enqueues.

use entity::link;
use queue::{CloseReason, CloseStripeLink, EnqueueOptions};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, slot) = (scheduler.db.pool(), now.slot());
    let job = |link: &link::Model| {
        let job = CloseStripeLink { merchant: link.merchant_id, link: link.id, reason: CloseReason::Expiry };
        (job, EnqueueOptions::for_merchant(link.merchant_id).unique(format!("expire:{}:{slot}", link.id)))
    };
    let (mut pages, mut written) = (Pages::new(), 0);
    while let Some(links) = pages.next(|after| link::due_for_expiry(pool, now.at, after, PAGE), |link| link.id).await? {
        written += scheduler.enqueue(links.iter().map(job).collect()).await?;
    }
    Ok(written)
}

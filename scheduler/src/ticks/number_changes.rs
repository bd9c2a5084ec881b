//! Numbers changes that were left without a number because the process died right after the commit, or because the
//! database was away. Also schedules webhooks again that no job delivers any more.

use chrono::TimeDelta;
use entity::webhook_endpoint;

use crate::{Scheduler, SchedulerError, pages::PAGE, tick_time::TickTime};

/// Deliveries overdue by this long are checked, since an operator may have discarded their job.
const FORSAKEN: TimeDelta = TimeDelta::minutes(1);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let numbered = scheduler.queue.changes().number_left_over().await?;
    let mut delivered = 0;
    for endpoint in webhook_endpoint::forsaken(scheduler.db.pool(), now.at - FORSAKEN, PAGE).await? {
        let tx = scheduler.db.begin().await?;
        let held = webhook_endpoint::hold(&tx, endpoint.merchant_id, endpoint.id).await?;
        let mut job = None;
        if let Some(held) = held.filter(|held| held.job_id == endpoint.job_id && held.disabled_at.is_none()) {
            job = queue::enqueue_delivery(&tx, &held, now.at, now.at).await?;
            delivered += 1;
        }
        tx.commit().await?;
        scheduler.queue.notify(job);
    }
    Ok(numbered + delivered)
}

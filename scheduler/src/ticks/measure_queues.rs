//! Records how the queues stand and what was done in the minute before, for the operator's charts.

use std::time::Duration;

use queue::admin::{depths, measure};

use crate::{Scheduler, SchedulerError, tick_time::TickTime};

/// A Redis that hangs must not hold up other ticks.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    // Of a time that has not come nothing can be measured.
    if now.due <= scheduler.clock.now() {
        let depths = tokio::time::timeout(TIMEOUT, depths(scheduler.queue.queues())).await;
        let depths = depths.ok().and_then(Result::ok);
        measure(scheduler.db.pool(), depths.as_deref(), now.due).await?;
    }
    Ok(0)
}

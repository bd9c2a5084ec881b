//! Writes the rows of webhook events' jobs that have waited for long, because Redis lost them, was never notified, or has
//! many others before them. The `notify` tick then notifies Redis of those rows.

use crate::{Scheduler, SchedulerError, tick_time::TickTime};

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    Ok(queue::event_jobs::write_overdue(scheduler.db.writer(), now.at).await?)
}

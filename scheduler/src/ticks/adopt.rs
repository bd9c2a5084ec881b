//! Writes the rows of webhook events' jobs that have waited for long, because Redis lost them, was never notified, or has
//! many others before them. The `notify` tick then notifies Redis of those rows.

use entity::tick;

use crate::{Scheduler, SchedulerError, tick_time::TickTime};

pub(crate) const NAME: &str = "adopt";

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let db = scheduler.db.writer();
    let last = tick::last_due(db, NAME).await?;
    Ok(queue::event_jobs::write_overdue(db, last, now.at).await?)
}

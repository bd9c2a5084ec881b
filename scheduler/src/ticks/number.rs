//! Numbers changes that have no number yet: the process that wrote them died right after the commit, or the database was away then.

use crate::{Scheduler, SchedulerError, tick::Moment};

pub(crate) async fn run(scheduler: &Scheduler, _: Moment) -> Result<u64, SchedulerError> {
    Ok(scheduler.queue.changes().number_left_over().await?)
}

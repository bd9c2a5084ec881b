//! Rings jobs again whose bell was lost: Redis was away, was flushed, or the process died between the commit and the ring. To ring
//! a job that Redis has already costs nothing.

use chrono::{DateTime, Utc};

use super::PAGE;
use crate::{Scheduler, SchedulerError};

pub(crate) async fn sweep(scheduler: &Scheduler, at: DateTime<Utc>) -> Result<u64, SchedulerError> {
    let (mut after, mut rung) = (None, 0);
    loop {
        let overdue = queue::overdue(scheduler.db.pool(), at, after, PAGE).await?;
        let Some(last) = overdue.last else { return Ok(rung) };
        after = Some(last);
        rung += scheduler.queue.ring_now(&overdue.tickets).await?;
    }
}

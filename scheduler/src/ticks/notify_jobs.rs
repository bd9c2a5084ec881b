//! Notifies Redis again of jobs whose notification was lost because Redis was away or flushed, or because the process
//! died right after the commit. Notifying Redis of a job it already has is harmless. Jobs of unknown kinds are
//! dead-lettered for an operator to see. Refunds and disputes that Stripe reported at the same moment as their payment
//! are attached to its link.

use chrono::TimeDelta;
use entity::link;

use crate::{Scheduler, SchedulerError, pages::PAGE, tick_time::TickTime};

/// Two concurrent transactions that could not see each other's rows have ended long before this.
const LATELY: TimeDelta = TimeDelta::minutes(10);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let unknown = queue::recovery::dead_letter_unknown_kinds(scheduler.db.pool(), now.at).await?;
    if unknown > 0 {
        tracing::error!(jobs = unknown, "jobs of a kind that no version here knows are dead now");
    }
    link::adopt_early(&scheduler.db, now.at - LATELY, now.at).await?;
    let (mut after, mut notified) = (None, 0);
    loop {
        let overdue = queue::recovery::overdue(scheduler.db.pool(), now.at, after, PAGE).await?;
        let Some(last) = overdue.last else { return Ok(notified) };
        after = Some(last);
        let again = scheduler.queue.notify_now(&overdue.enqueued).await?;
        queue::metrics::notified_again(again);
        notified += again;
    }
}

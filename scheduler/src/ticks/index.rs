//! Adds orders to the search index that predate it or were written by an older version.

use entity::search;

use crate::{Scheduler, SchedulerError, tick::Moment};

/// Rounds per tick: a million orders take a few minutes, and other ticks are not held up.
const ROUNDS: usize = 500;

pub(crate) async fn run(scheduler: &Scheduler, _: Moment) -> Result<u64, SchedulerError> {
    let mut all = 0;
    for _ in 0..ROUNDS {
        match search::refresh_some(scheduler.db.pool()).await? {
            0 => break,
            some => all += some,
        }
    }
    Ok(all)
}

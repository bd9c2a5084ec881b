//! Indexes orders for search that were written before this kind of search existed, or by an earlier version.

use entity::search;

use crate::{Scheduler, SchedulerError, tick::Moment};

/// So many rounds in one go: a million orders take a few minutes' ticks, and none of them holds the others up.
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

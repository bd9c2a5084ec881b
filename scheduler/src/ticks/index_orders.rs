//! Adds orders to the search index that predate it, or that an earlier version wrote with less in it.

use entity::search;

use crate::{Scheduler, SchedulerError, tick_time::TickTime};

/// Rounds per tick: a million orders take a few minutes, and other ticks are not held up.
const ROUNDS: usize = 500;

pub(crate) async fn run(scheduler: &Scheduler, _: TickTime) -> Result<u64, SchedulerError> {
    let (mut all, mut after) = (0, None);
    for _ in 0..ROUNDS {
        let tx = scheduler.db.begin_group().await?;
        let Some(refreshed) = search::refresh_some(&tx, after).await? else { break };
        tx.commit().await?;
        all += refreshed.count;
        after = Some(refreshed.last);
    }
    Ok(all)
}

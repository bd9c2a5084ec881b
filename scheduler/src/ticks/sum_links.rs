//! Adds changes of links to the sums that summaries are read from.

use entity::link::sums;

use crate::{Scheduler, SchedulerError, tick_time::TickTime};

/// Rounds per tick: a million changes take a minute, and other ticks are not held up.
const ROUNDS: usize = 20;

pub(crate) async fn run(scheduler: &Scheduler, _: TickTime) -> Result<u64, SchedulerError> {
    let mut all = 0;
    for _ in 0..ROUNDS {
        let tx = scheduler.db.begin_group().await?;
        let some = sums::add_changes(&tx).await?;
        tx.commit().await?;
        all += some;
        if some < sums::AT_ONCE {
            break;
        }
    }
    Ok(all)
}

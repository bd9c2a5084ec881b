//! Has the sums of days, by which summaries are read, kept for every merchant's time zone.

use chrono::Days;
use entity::{link::sums, merchant};

use crate::{Scheduler, SchedulerError, tick_time::TickTime};

/// So far ahead: past the next change of the clocks.
const AHEAD: Days = Days::new(200);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let mut kept = 0;
    for id in merchant::ids(scheduler.db.pool()).await? {
        let tx = scheduler.db.begin_group().await?;
        let owner = merchant::get(&tx, id).await?;
        if let Some(until) = owner.day_of(now.at).checked_add_days(AHEAD) {
            kept += sums::keep_days(&tx, &owner, until).await?;
        }
        tx.commit().await?;
    }
    Ok(kept)
}

//! Settles texts without a report: captures the credits of those that the carrier accepted, and hands those with an
//! unknown outcome to a person.

use chrono::TimeDelta;
use entity::{
    credits::{self, CreditError, HoldEnd},
    message,
};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

/// Carriers send reports for up to this long. After that a text counts as delivered, since they bill it.
const REPORTS: TimeDelta = TimeDelta::days(3);

/// After this long a person has to find out what happened to a text.
const UNKNOWN: TimeDelta = TimeDelta::days(1);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, at) = (scheduler.db.pool(), now.at);
    let tx = scheduler.db.begin().await?;
    let mut settled = message::leave_unknown_before(&tx, at - UNKNOWN, at).await?;
    tx.commit().await?;
    let mut pages = Pages::new();
    while let Some(messages) =
        pages.next(|after| credits::held_without_report(pool, at - REPORTS, after, PAGE), |message| message.id).await?
    {
        for message in &messages {
            let tx = scheduler.db.begin().await?;
            let (merchant, id) = (message.merchant_id, message.id);
            let captured = credits::end_hold(&tx, merchant, id, HoldEnd::Capture, at).await;
            settled += u64::from(captured.map_err(CreditError::into_db)?);
            tx.commit().await?;
        }
    }
    Ok(settled)
}

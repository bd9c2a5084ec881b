//! Settles what nobody will report on any more: captures the credits of texts that the carrier accepted, and leaves texts whose fate is
//! unknown to a person.

use chrono::TimeDelta;
use entity::{
    credits::{self, CreditError, Settlement},
    message,
};

use super::{PAGE, Pages};
use crate::{Scheduler, SchedulerError, tick::Moment};

/// Carriers report on a text for up to this long; then it counts as delivered, as they bill it.
const REPORTS: TimeDelta = TimeDelta::days(3);

/// After so long a person has to find out what became of a text.
const UNKNOWN: TimeDelta = TimeDelta::days(1);

pub(crate) async fn run(scheduler: &Scheduler, now: Moment) -> Result<u64, SchedulerError> {
    let (pool, at) = (scheduler.db.pool(), now.at);
    let tx = scheduler.db.begin().await?;
    let mut settled = message::park_unknown_before(&tx, at - UNKNOWN, at).await?;
    tx.commit().await?;
    let mut pages = Pages::new();
    while let Some(messages) =
        pages.next(|after| credits::held_without_report(pool, at - REPORTS, after, PAGE), |message| message.id).await?
    {
        for message in &messages {
            let tx = scheduler.db.begin().await?;
            let (merchant, id) = (message.merchant_id, message.id);
            let captured = credits::settle(&tx, merchant, id, Settlement::Capture, at).await;
            settled += u64::from(captured.map_err(CreditError::into_db)?);
            tx.commit().await?;
        }
    }
    Ok(settled)
}

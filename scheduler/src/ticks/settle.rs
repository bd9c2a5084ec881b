//! Ends what nobody reports on any more: captures the credits of texts that the carrier took, and leaves to a person the texts of which
//! nobody knows whether it took them.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    credits::{self, CreditError, Settlement},
    message,
};

use super::PAGE;
use crate::{Scheduler, SchedulerError};

/// Carriers report on a text for up to this long; then it counts as delivered, as they bill it.
const REPORTS: TimeDelta = TimeDelta::days(3);

/// After so long a person has to find out what became of a text.
const UNKNOWN: TimeDelta = TimeDelta::days(1);

pub(crate) async fn run(scheduler: &Scheduler, at: DateTime<Utc>) -> Result<u64, SchedulerError> {
    let parked = message::park_unknown_before(scheduler.db.pool(), at - UNKNOWN, at).await?;
    let (mut after, mut settled) = (None, 0);
    loop {
        let messages = credits::held_without_report(scheduler.db.pool(), at - REPORTS, after, PAGE).await?;
        let Some(last) = messages.last() else { return Ok(parked + settled) };
        after = Some(last.id);
        for message in &messages {
            let tx = scheduler.db.begin().await?;
            let (merchant, id) = (message.merchant_id, message.id);
            let captured = credits::settle(&tx, merchant, id, Settlement::Capture, at).await;
            settled += u64::from(captured.map_err(CreditError::into_db)?);
            tx.commit().await?;
        }
    }
}

//! Asks how purchases of credits stand of which no webhook has told anything for long, and has merchants told that credits are low.

use chrono::TimeDelta;
use entity::{credits::purchase, merchant};
use queue::{EnqueueOptions, ReconcileCreditPurchase, TellLowCredit};

use super::{PAGE, Pages};
use crate::{Scheduler, SchedulerError, tick::Moment};

/// A webhook comes within seconds; after so long it is worth asking.
const SILENCE: TimeDelta = TimeDelta::minutes(15);

pub(crate) async fn run(scheduler: &Scheduler, now: Moment) -> Result<u64, SchedulerError> {
    Ok(ask(scheduler, now).await? + tell(scheduler).await?)
}

async fn ask(scheduler: &Scheduler, now: Moment) -> Result<u64, SchedulerError> {
    let (pool, cutoff, mut pages, mut written) = (scheduler.db.pool(), now.at - SILENCE, Pages::new(), 0);
    while let Some(open) =
        pages.next(|after| purchase::under_way(pool, cutoff, after, PAGE), |purchase| purchase.id).await?
    {
        let job = |bought: &purchase::CreditPurchase| {
            let job = ReconcileCreditPurchase { merchant: bought.merchant_id, purchase: bought.id };
            let key = format!("{}:{}", bought.id, now.at.timestamp());
            (job, EnqueueOptions::for_merchant(bought.merchant_id).in_background(key))
        };
        written += scheduler.enqueue(open.iter().map(job).collect()).await?;
    }
    Ok(written)
}

async fn tell(scheduler: &Scheduler) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut written) = (scheduler.db.pool(), Pages::new(), 0);
    while let Some(low) = pages.next(|after| merchant::low_and_untold(pool, after, PAGE), |owner| owner.id).await? {
        let job = |owner: &merchant::Merchant| {
            let since = owner.low_credit_since.map(|since| since.timestamp_millis()).unwrap_or_default();
            let key = format!("{}:{since}", owner.id);
            (TellLowCredit { merchant: owner.id }, EnqueueOptions::for_merchant(owner.id).in_background(key))
        };
        written += scheduler.enqueue(low.iter().map(job).collect()).await?;
    }
    Ok(written)
}

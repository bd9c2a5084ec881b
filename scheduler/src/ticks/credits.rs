//! Asks Stripe about credit purchases without a recent webhook, and has merchants told that credits are low.

use chrono::TimeDelta;
use entity::{
    credits::{CreditError, purchase},
    merchant,
};
use queue::{EnqueueOptions, ReconcileCreditPurchase, TellLowCredit};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

/// Webhooks arrive within seconds; after this long it is worth asking.
const SILENCE: TimeDelta = TimeDelta::minutes(15);

/// After this long a payment can no longer succeed.
const AGE: TimeDelta = TimeDelta::days(30);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    Ok(ask(scheduler, now).await? + collect(scheduler).await? + enqueue_low_credit_texts(scheduler).await?)
}

async fn ask(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut written) = (scheduler.db.pool(), Pages::new(), 0);
    let made = now.at - AGE..now.at - SILENCE;
    while let Some(open) =
        pages.next(|after| purchase::under_way(pool, made.clone(), after, PAGE), |purchase| purchase.id).await?
    {
        let job = |bought: &purchase::CreditPurchase| {
            let job = ReconcileCreditPurchase { merchant: bought.merchant_id, purchase: bought.id };
            let key = format!("{}:{}", bought.id, now.at.format("%Y-%m-%dT%H"));
            (job, EnqueueOptions::for_merchant(bought.merchant_id).unique(key))
        };
        written += scheduler.enqueue(open.iter().map(job).collect()).await?;
    }
    Ok(written)
}

/// Takes back credits that were already spent when their price was refunded.
async fn collect(scheduler: &Scheduler) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut collected) = (scheduler.db.pool(), Pages::new(), 0);
    while let Some(short) = pages.next(|after| purchase::short(pool, after, PAGE), |purchase| purchase.id).await? {
        for bought in &short {
            if merchant::get(pool, bought.merchant_id).await?.available == 0 {
                continue;
            }
            let tx = scheduler.db.begin().await?;
            let taken = purchase::collect(&tx, bought.id, scheduler.clock.now()).await;
            collected += u64::from(taken.map_err(CreditError::into_db)?);
            tx.commit().await?;
        }
    }
    Ok(collected)
}

async fn enqueue_low_credit_texts(scheduler: &Scheduler) -> Result<u64, SchedulerError> {
    let (pool, now, mut pages, mut written) = (scheduler.db.pool(), scheduler.clock.now(), Pages::new(), 0);
    while let Some(low) = pages.next(|after| merchant::low_and_untold(pool, now, after, PAGE), |owner| owner.id).await?
    {
        let job = |owner: &merchant::Merchant| {
            let since = owner.low_credit_since.map(|since| since.timestamp_millis()).unwrap_or_default();
            let key = format!("{}:{since}:{}", owner.id, now.format("%Y-%m-%d"));
            (TellLowCredit { merchant: owner.id }, EnqueueOptions::for_merchant(owner.id).unique(key))
        };
        written += scheduler.enqueue(low.iter().map(job).collect()).await?;
    }
    Ok(written)
}

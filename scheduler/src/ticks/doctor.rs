//! Writes a job for each link that has been open for long without a word from Stripe, and one for each connection, to find out
//! what is the matter with its webhooks.
//!
//! The keys are the link and the time of the tick, so that ten schedulers make one set of jobs. They are spread over time: Stripe
//! takes only so many questions a second.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::{link, stripe_integration};
use queue::{DiagnoseStripe, EnqueueOptions, ReconcileLink, enqueue};

use super::PAGE;
use crate::{Scheduler, SchedulerError};

/// A link that nothing was told of for so long is asked about.
const SILENCE: TimeDelta = TimeDelta::hours(1);

/// The pause between two questions: well below Stripe's 25 a second, of which others need some.
const PAUSE: TimeDelta = TimeDelta::milliseconds(200);

pub(crate) async fn run(scheduler: &Scheduler, at: DateTime<Utc>, due: DateTime<Utc>) -> Result<u64, SchedulerError> {
    let slot = due.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(reconcile(scheduler, at, &slot).await? + diagnose(scheduler, &slot).await?)
}

async fn reconcile(scheduler: &Scheduler, at: DateTime<Utc>, slot: &str) -> Result<u64, SchedulerError> {
    let now = scheduler.clock.now();
    let links = link::due_for_check(scheduler.db.pool(), at - SILENCE, scheduler.doctor_links).await?;
    let tx = scheduler.db.begin().await?;
    let mut enqueued = Vec::new();
    let mut run_at = now;
    for link in &links {
        let job = ReconcileLink { merchant: link.merchant_id, link: link.id, buyer_waits: false };
        let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("reconcile:{}:{slot}", link.id));
        enqueued.extend(enqueue(&tx, &job, EnqueueOptions { run_at: Some(run_at), ..once }, now).await?);
        run_at += PAUSE;
    }
    tx.commit().await?;
    scheduler.notify(&enqueued).await;
    Ok(enqueued.len() as u64)
}

async fn diagnose(scheduler: &Scheduler, slot: &str) -> Result<u64, SchedulerError> {
    let (mut after, mut written) = (None, 0);
    loop {
        let connections = stripe_integration::connected(scheduler.db.pool(), after, PAGE).await?;
        let Some(last) = connections.last() else { return Ok(written) };
        after = Some(last.merchant_id);
        let tx = scheduler.db.begin().await?;
        let mut enqueued = Vec::new();
        for connection in &connections {
            let merchant = connection.merchant_id;
            let once = EnqueueOptions::for_merchant(merchant).unique(format!("diagnose:{merchant}:{slot}"));
            enqueued.extend(enqueue(&tx, &DiagnoseStripe { merchant }, once, scheduler.clock.now()).await?);
        }
        tx.commit().await?;
        written += enqueued.len() as u64;
        scheduler.notify(&enqueued).await;
    }
}

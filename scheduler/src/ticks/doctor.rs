//! Enqueues a job for each open link that Stripe has not reported on for long, and one for each connection, to diagnose
//! its webhooks. Attaches refunds and disputes that arrived at the same moment as their payments, and writes the rows of
//! jobs whose events were committed late.
//!
//! Keys consist of the link and the tick's due time, so that any number of schedulers enqueue one set of jobs. The jobs
//! are spread over time because of Stripe's rate limit.

use chrono::TimeDelta;
use entity::{
    link,
    stripe_integration::{self, StripeIntegration},
};
use queue::{DiagnoseStripe, EnqueueOptions, ReconcileLink, event_jobs};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

/// A link that Stripe has not reported on for this long is asked about.
const SILENCE: TimeDelta = TimeDelta::hours(1);

/// The delay between two requests: well below Stripe's limit of 25 per second, which others share.
const PAUSE: TimeDelta = TimeDelta::milliseconds(200);

/// Stripe retries webhooks for this long. A refund or dispute whose payment is unknown by then belongs to other
/// software.
const EARLY: TimeDelta = TimeDelta::days(3);

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let late = event_jobs::write_late(scheduler.db.writer(), now.at).await?;
    let early = link::adopt_early(&scheduler.db, now.at - EARLY, now.at).await?;
    let forgotten = link::forget_early(scheduler.db.pool(), now.at - EARLY).await?;
    Ok(late + early + forgotten + reconcile(scheduler, now).await? + diagnose(scheduler, now).await?)
}

async fn reconcile(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let slot = now.slot();
    let links = link::due_for_check(scheduler.db.pool(), now.at - SILENCE, scheduler.doctor_links).await?;
    let mut run_at = scheduler.clock.now();
    let mut jobs = Vec::with_capacity(links.len());
    for link in &links {
        let job = ReconcileLink { merchant: link.merchant_id, link: link.id, buyer_waits: false };
        let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("reconcile:{}:{slot}", link.id));
        jobs.push((job, EnqueueOptions { run_at: Some(run_at), ..once }));
        run_at += PAUSE;
    }
    scheduler.enqueue(jobs).await
}

async fn diagnose(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, slot) = (scheduler.db.pool(), now.slot());
    let job = |connection: &StripeIntegration| {
        let merchant = connection.merchant_id;
        let once = EnqueueOptions::for_merchant(merchant).unique(format!("diagnose:{merchant}:{slot}"));
        (DiagnoseStripe { merchant }, once)
    };
    let (mut pages, mut written) = (Pages::new(), 0);
    while let Some(connections) =
        pages.next(|after| stripe_integration::connected(pool, after, PAGE), |row| row.merchant_id).await?
    {
        written += scheduler.enqueue(connections.iter().map(job).collect()).await?;
    }
    Ok(written)
}

//! Every job, as a table of contents, and the apalis workers that do them.

use std::{collections::HashMap, convert::Infallible, io, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorContext, MonitorError, ParallelizeExt, WorkerBuilder};
use entity::{Db, JobId, news};
use queue::{
    Attempts, CheckStripeKey, Claims, CloseStripeLink, CreateStripeLink, CutOff, DiagnoseStripe, Kind, ProcessSmsEvent,
    ProcessStripeEvent, PurgeLink, ReconcileLink, RegisterStripeWebhook, Remind, SendSms, StoreInvoice,
    bell::{BackendOptions, BellBackend, Ringing},
    flow::Pauses,
};

use crate::{
    Work,
    handler::{Handler, Runner},
};

/// How much is done at once.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which kinds of jobs are done here.
    pub kinds: Vec<Kind>,
    /// How many jobs of each kind are done at once.
    pub concurrency: Concurrency,
    /// How long a job stays with a worker that gives no sign of life.
    pub lease: Duration,
    /// How long jobs in flight may take when the workers stop; then they are left to others.
    pub drain: Duration,
}

/// How many jobs of each kind are done at once.
#[derive(Debug, Clone)]
pub struct Concurrency {
    /// Of each kind that is not named.
    pub each: usize,
    /// Of kinds that are named.
    pub named: HashMap<Kind, usize>,
}

impl Concurrency {
    fn of(&self, kind: Kind) -> usize {
        self.named.get(&kind).copied().unwrap_or(self.each)
    }
}

/// How much of the time that jobs in flight may take is kept for letting them go when it is over: enough to write their rows and
/// tell Redis.
const FOR_LETTING_GO: Duration = Duration::from_secs(2);

/// How often the database is asked what is paused.
const READ_PAUSES: Duration = Duration::from_secs(1);

fn register(monitor: Monitor, kind: Kind, shop: &Shop) -> Monitor {
    match kind {
        Kind::StoreInvoice => workers::<StoreInvoice>(monitor, shop),
        Kind::CreateStripeLink => workers::<CreateStripeLink>(monitor, shop),
        Kind::CloseStripeLink => workers::<CloseStripeLink>(monitor, shop),
        Kind::SendSms => workers::<SendSms>(monitor, shop),
        Kind::ProcessStripeEvent => workers::<ProcessStripeEvent>(monitor, shop),
        Kind::ProcessSmsEvent => workers::<ProcessSmsEvent>(monitor, shop),
        Kind::PurgeLink => workers::<PurgeLink>(monitor, shop),
        Kind::CheckStripeKey => workers::<CheckStripeKey>(monitor, shop),
        Kind::RegisterStripeWebhook => workers::<RegisterStripeWebhook>(monitor, shop),
        Kind::ReconcileLink => workers::<ReconcileLink>(monitor, shop),
        Kind::DiagnoseStripe => workers::<DiagnoseStripe>(monitor, shop),
        Kind::Remind => workers::<Remind>(monitor, shop),
    }
}

/// What the workers of all kinds share.
struct Shop {
    work: Work,
    options: Options,
    claims: Claims,
    pauses: Pauses,
    cut_off: CutOff,
}

fn workers<J: Handler>(monitor: Monitor, shop: &Shop) -> Monitor {
    let work = shop.work.clone();
    let (slots, lease) = (shop.options.concurrency.of(J::KIND), shop.options.lease);
    let runner = Arc::new(Runner::<J>::new(work.clone()));
    let attempts = Arc::new(Attempts {
        claims: shop.claims.clone(),
        pauses: shop.pauses.clone(),
        cut_off: shop.cut_off.clone(),
        ..Attempts::at(J::KIND, work.db.clone(), work.clock.clone())
    });
    monitor.register(move |_restart| {
        let (attempts, runner, queue) = (Arc::clone(&attempts), Arc::clone(&runner), work.queue.clone());
        let options = BackendOptions { slots, lease, ..BackendOptions::default() };
        WorkerBuilder::new(J::KIND.as_str())
            .backend(BellBackend::new(queue.bells().clone(), J::KIND.as_str(), options))
            // All workers share the monitor's task; each job gets one of its own, so that they use every core.
            .parallelize(tokio::spawn)
            .build(move |ringing: Ringing| {
                let (attempts, runner, queue) = (Arc::clone(&attempts), Arc::clone(&runner), queue.clone());
                async move {
                    let (verdict, changes) = news::gather(attempts.make(ringing, runner.as_ref())).await;
                    queue.news().tell(changes);
                    verdict.inspect_err(|error| {
                        entity::meter::database_error(error);
                        let job = JobId::from_uuid(ringing.job);
                        tracing::error!(job.id = %job, job.kind = %J::KIND, %error, "the database did not answer");
                    })
                }
            })
    })
}

/// Does jobs until `stop` resolves, then claims nothing more and finishes those in flight; those that take longer than they may
/// are let go, for others to do.
///
/// # Errors
/// When a worker ends that should not have.
pub async fn run(work: Work, options: Options, stop: impl Future<Output = ()> + Send) -> Result<(), MonitorError> {
    let cut_off = CutOff::default();
    let claims = Claims::new(work.db.aside());
    let shop = Shop { work, options, claims, pauses: Pauses::default(), cut_off: cut_off.clone() };
    let drain = shop.options.drain;
    let patience = drain.saturating_sub(FOR_LETTING_GO.min(drain / 2));
    let monitor = shop
        .options
        .kinds
        .iter()
        .fold(Monitor::new(), |monitor, kind| register(monitor, *kind, &shop))
        // It begins to count when the stop begins. Its end is for what cannot even be let go.
        .with_terminator(async move {
            tokio::time::sleep(patience).await;
            cut_off.now();
            tokio::time::sleep(drain.saturating_sub(patience)).await;
        });
    let pausing = keep_pauses(shop.work.db.clone(), shop.pauses.clone(), monitor.context());
    let working = monitor.run_with_signal(async move {
        stop.await;
        io::Result::Ok(())
    });
    tokio::select! {
        ended = working => ended,
        never = pausing => match never {},
    }
}

/// Keeps workers of paused kinds from claiming, and the pauses up to date for all.
async fn keep_pauses(db: Db, pauses: Pauses, monitor: MonitorContext) -> Infallible {
    loop {
        if let Err(error) = pauses.read(db.pool()).await {
            tracing::warn!(%error, "it cannot be read what is paused; it stays as it was");
        }
        for worker in monitor.workers() {
            let paused = worker.name().parse().is_ok_and(|kind| pauses.has(kind));
            let changed = match (paused, worker.is_running(), worker.is_paused()) {
                (true, true, _) => worker.pause(),
                (false, _, true) => worker.resume(),
                (true, false, _) | (false, _, false) => Ok(()),
            };
            if let Err(error) = changed {
                tracing::debug!(job.kind = worker.name(), %error, "the worker is about to stop");
            }
        }
        tokio::time::sleep(READ_PAUSES).await;
    }
}

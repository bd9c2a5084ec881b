//! Every job, as a table of contents, and the apalis workers that do them.

use std::{collections::HashMap, convert::Infallible, io, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorContext, MonitorError, ParallelizeExt, WorkerBuilder};
use domain::JobId;
use entity::{Db, live};
use queue::{
    Cancellation, CheckStripeKey, Claims, CloseStripeLink, CreateStripeLink, DiagnoseStripe, Executor, Kind,
    ProcessSmsEvent, ProcessStripeEvent, PurgeLink, ReconcileLink, RegisterStripeWebhook, Remind, SendSms,
    StoreInvoice,
    flow::Pauses,
    redis::{BackendOptions, Delivery, RedisBackend},
};

use crate::{
    JobContext,
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

fn register(monitor: Monitor, kind: Kind, registry: &Registry) -> Monitor {
    match kind {
        Kind::StoreInvoice => workers::<StoreInvoice>(monitor, registry),
        Kind::CreateStripeLink => workers::<CreateStripeLink>(monitor, registry),
        Kind::CloseStripeLink => workers::<CloseStripeLink>(monitor, registry),
        Kind::SendSms => workers::<SendSms>(monitor, registry),
        Kind::ProcessStripeEvent => workers::<ProcessStripeEvent>(monitor, registry),
        Kind::ProcessSmsEvent => workers::<ProcessSmsEvent>(monitor, registry),
        Kind::PurgeLink => workers::<PurgeLink>(monitor, registry),
        Kind::CheckStripeKey => workers::<CheckStripeKey>(monitor, registry),
        Kind::RegisterStripeWebhook => workers::<RegisterStripeWebhook>(monitor, registry),
        Kind::ReconcileLink => workers::<ReconcileLink>(monitor, registry),
        Kind::DiagnoseStripe => workers::<DiagnoseStripe>(monitor, registry),
        Kind::Remind => workers::<Remind>(monitor, registry),
    }
}

/// What the workers of all kinds share.
struct Registry {
    context: JobContext,
    options: Options,
    claims: Claims,
    pauses: Pauses,
    cancellation: Cancellation,
}

fn workers<J: Handler>(monitor: Monitor, registry: &Registry) -> Monitor {
    let context = registry.context.clone();
    let (slots, lease) = (registry.options.concurrency.of(J::KIND), registry.options.lease);
    let runner = Arc::new(Runner::<J>::new(context.clone()));
    let attempts = Arc::new(Executor {
        claims: registry.claims.clone(),
        pauses: registry.pauses.clone(),
        cancellation: registry.cancellation.clone(),
        ..Executor::at(J::KIND, context.db.clone(), context.clock.clone())
    });
    monitor.register(move |_restart| {
        let (attempts, runner, queue) = (Arc::clone(&attempts), Arc::clone(&runner), context.queue.clone());
        let options = BackendOptions { slots, lease, ..BackendOptions::default() };
        WorkerBuilder::new(J::KIND.as_str())
            .backend(RedisBackend::new(queue.queues().clone(), J::KIND.as_str(), options))
            // All workers share the monitor's task; each job gets one of its own, so that they use every core.
            .parallelize(tokio::spawn)
            .build(move |delivery: Delivery| {
                let (attempts, runner, queue) = (Arc::clone(&attempts), Arc::clone(&runner), queue.clone());
                async move {
                    let (ack, changes) = live::collect(attempts.make(delivery, runner.as_ref())).await;
                    queue.live().publish(changes);
                    ack.inspect_err(|error| {
                        entity::metrics::database_error(error);
                        let job = JobId::from_uuid(delivery.job);
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
pub async fn run(
    context: JobContext,
    options: Options,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), MonitorError> {
    let cancellation = Cancellation::default();
    let claims = Claims::new(context.db.aside());
    let registry = Registry { context, options, claims, pauses: Pauses::default(), cancellation: cancellation.clone() };
    let drain = registry.options.drain;
    let patience = drain.saturating_sub(FOR_LETTING_GO.min(drain / 2));
    let monitor = registry
        .options
        .kinds
        .iter()
        .fold(Monitor::new(), |monitor, kind| register(monitor, *kind, &registry))
        // It begins to count when the stop begins. Its end is for what cannot even be let go.
        .with_terminator(async move {
            tokio::time::sleep(patience).await;
            cancellation.now();
            tokio::time::sleep(drain.saturating_sub(patience)).await;
        });
    let pausing = keep_pauses(registry.context.db.clone(), registry.pauses.clone(), monitor.context());
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

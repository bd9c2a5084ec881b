//! Registers every job and builds the apalis workers that run them.

use std::{collections::HashMap, convert::Infallible, io, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorContext, MonitorError, ParallelizeExt, WorkerBuilder};
use entity::Db;
use queue::{
    CheckSmsAccount, CheckStripeKey, Claims, CloseStripeLink, CreateStripeLink, DeliverWebhooks, DiagnoseStripe,
    Executor, FetchPicture, JobHandler, Kind, OpenCreditPurchase, ProcessSmsEvent, ProcessStripeEvent, PurgeLink,
    ReconcileCreditPurchase, ReconcileLink, RecoverStripeLinks, RegisterStripeWebhook, Remind, RetryWebhooks, RunBatch,
    SendSms, StoreInvoice, TellBuyer, TellLowCredit,
    flow::Pauses,
    redis::{BackendOptions, Delivery, RedisBackend},
};
use tokio_util::sync::CancellationToken;

use crate::JobContext;

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

/// How much of the time that jobs in flight may take is kept for releasing them when it is over: enough to write their rows and
/// to acknowledge them in Redis.
const FOR_RELEASING: Duration = Duration::from_secs(2);

/// How often the database is asked what is paused.
const READ_PAUSES: Duration = Duration::from_secs(1);

/// The workers of a kind. How each kind is retried stands where it is declared, what it does in its file below `jobs`.
fn register(monitor: Monitor, kind: Kind, shared: &Shared) -> Monitor {
    match kind {
        Kind::StoreInvoice => workers::<StoreInvoice>(monitor, shared),
        Kind::CreateStripeLink => workers::<CreateStripeLink>(monitor, shared),
        Kind::CloseStripeLink => workers::<CloseStripeLink>(monitor, shared),
        Kind::SendSms => workers::<SendSms>(monitor, shared),
        Kind::ProcessStripeEvent => workers::<ProcessStripeEvent>(monitor, shared),
        Kind::ProcessSmsEvent => workers::<ProcessSmsEvent>(monitor, shared),
        Kind::FetchPicture => workers::<FetchPicture>(monitor, shared),
        Kind::Remind => workers::<Remind>(monitor, shared),
        Kind::RunBatch => workers::<RunBatch>(monitor, shared),
        Kind::TellBuyer => workers::<TellBuyer>(monitor, shared),
        Kind::PurgeLink => workers::<PurgeLink>(monitor, shared),
        Kind::CheckStripeKey => workers::<CheckStripeKey>(monitor, shared),
        Kind::CheckSmsAccount => workers::<CheckSmsAccount>(monitor, shared),
        Kind::RegisterStripeWebhook => workers::<RegisterStripeWebhook>(monitor, shared),
        Kind::ReconcileLink => workers::<ReconcileLink>(monitor, shared),
        Kind::DiagnoseStripe => workers::<DiagnoseStripe>(monitor, shared),
        Kind::DeliverWebhooks => workers::<DeliverWebhooks>(monitor, shared),
        Kind::RetryWebhooks => workers::<RetryWebhooks>(monitor, shared),
        Kind::RecoverStripeLinks => workers::<RecoverStripeLinks>(monitor, shared),
        Kind::OpenCreditPurchase => workers::<OpenCreditPurchase>(monitor, shared),
        Kind::ReconcileCreditPurchase => workers::<ReconcileCreditPurchase>(monitor, shared),
        Kind::TellLowCredit => workers::<TellLowCredit>(monitor, shared),
    }
}

/// What the workers of all kinds share.
struct Shared {
    context: JobContext,
    options: Options,
    claims: Claims,
    pauses: Pauses,
    cancellation: CancellationToken,
}

fn workers<J: JobHandler<JobContext>>(monitor: Monitor, shared: &Shared) -> Monitor {
    let context = shared.context.clone();
    let options = BackendOptions {
        slots: shared.options.concurrency.of(J::KIND),
        lease: shared.options.lease,
        ..BackendOptions::default()
    };
    let executor = Executor::<J>::new(context.db.clone(), context.clock.clone())
        .with_claims(shared.claims.clone())
        .with_pauses(shared.pauses.clone())
        .with_cancellation(shared.cancellation.clone());
    let executor = Arc::new(executor);
    monitor.register(move |_restart| {
        let (executor, context) = (Arc::clone(&executor), context.clone());
        let queue = &context.queue;
        WorkerBuilder::new(J::KIND.as_str())
            .backend(RedisBackend::new(queue.queues().clone(), J::KIND.as_str(), options))
            // All workers share the monitor's task; each job gets one of its own, so that they use every core.
            .parallelize(tokio::spawn)
            .build(move |delivery: Delivery| {
                let (executor, context) = (Arc::clone(&executor), context.clone());
                // Apart: it is large, and each layer would move it.
                Box::pin(async move { executor.execute(delivery, &context).await })
            })
    })
}

/// Does jobs until `stop` resolves, then claims nothing more and finishes those in flight; those that take longer than they may
/// are released, for others to do.
///
/// # Errors
/// When a worker ends that should not have.
pub async fn run(
    context: JobContext,
    options: Options,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), MonitorError> {
    let cancellation = CancellationToken::new();
    let claims = Claims::new(context.db.aside());
    let context = context.with_webhook_slots(options.concurrency.of(Kind::DeliverWebhooks));
    let shared = Shared { context, options, claims, pauses: Pauses::default(), cancellation: cancellation.clone() };
    let drain = shared.options.drain;
    let patience = drain.saturating_sub(FOR_RELEASING.min(drain / 2));
    let monitor = shared
        .options
        .kinds
        .iter()
        .fold(Monitor::new(), |monitor, kind| register(monitor, *kind, &shared))
        // It begins to count when the stop begins. Its end is for what cannot even be released.
        .with_terminator(async move {
            tokio::time::sleep(patience).await;
            cancellation.cancel();
            tokio::time::sleep(drain.saturating_sub(patience)).await;
        });
    let pausing = keep_pauses(shared.context.db.clone(), shared.pauses.clone(), monitor.context());
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

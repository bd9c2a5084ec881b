//! Registers every job and builds the apalis workers that run them.

use std::{collections::HashMap, convert::Infallible, io, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorContext, MonitorError, ParallelizeExt, WorkerBuilder};
use entity::Db;
use queue::{
    Claims, Executor, JobHandler, Kind,
    flow::Pauses,
    for_kind,
    redis::{BackendOptions, Delivery, RedisBackend},
};
use tokio_util::sync::CancellationToken;

use crate::JobContext;

/// What the workers of a process do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The kinds of jobs to run.
    pub kinds: Vec<Kind>,
    /// How many jobs of each kind run at once.
    pub concurrency: Concurrency,
    /// How long a job stays with a worker that shows no sign of life.
    pub lease: Duration,
    /// How long jobs in flight may take when the workers stop; then they are released.
    pub drain: Duration,
}

/// How many jobs of each kind run at once.
#[derive(Debug, Clone)]
pub struct Concurrency {
    /// For kinds without an entry of their own.
    pub each: usize,
    /// For individual kinds.
    pub named: HashMap<Kind, usize>,
}

impl Concurrency {
    fn of(&self, kind: Kind) -> usize {
        self.named.get(&kind).copied().unwrap_or(self.each)
    }
}

/// The part of the time for stopping that is reserved for releasing jobs: enough to write their rows and to acknowledge
/// them in Redis.
const FOR_RELEASING: Duration = Duration::from_secs(2);

/// How often the pauses are read from the database.
const READ_PAUSES: Duration = Duration::from_secs(1);

/// What the workers of all kinds share.
struct Shared {
    context: JobContext,
    options: Options,
    claims: Claims,
    pauses: Pauses,
    cancellation: CancellationToken,
}

/// Registers the workers of a kind. Its retry policy is declared with the kind, and its work in a file in `jobs`.
fn register<J: JobHandler<JobContext>>(monitor: Monitor, shared: &Shared) -> Monitor {
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
            // All workers share the monitor's task; each job gets its own, so that all cores are used.
            .parallelize(tokio::spawn)
            .build(move |delivery: Delivery| {
                let (executor, context) = (Arc::clone(&executor), context.clone());
                // Boxed, because the future is large and each layer would move it.
                Box::pin(async move { executor.execute(delivery, &context).await })
            })
    })
}

/// Runs jobs until `stop` resolves, then claims no more and finishes those in flight. Jobs that exceed the time for
/// stopping are released to other workers.
///
/// # Errors
/// Returns an error if a worker ends unexpectedly.
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
        .fold(Monitor::new(), |monitor, kind| for_kind!(*kind, J => register::<J>(monitor, &shared)))
        // Starts counting when the stop begins, and is a last resort for jobs that cannot even be released.
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

/// Keeps the pauses up to date, and workers of paused kinds from claiming.
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

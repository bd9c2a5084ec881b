//! Every job, as a table of contents, and the apalis workers that do them.

use std::{io, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorError, ParallelizeExt, WorkerBuilder};
use entity::JobId;
use queue::{
    CheckStripeKey, CloseStripeLink, CreateStripeLink, Kind, ProcessSmsEvent, ProcessStripeEvent, PurgeLink, SendSms,
    StoreInvoice, attempt,
    bell::{BackendOptions, BellBackend, Ringing},
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
    pub concurrency: usize,
    /// How long a job stays with a worker that gives no sign of life.
    pub lease: Duration,
    /// How long jobs in flight may take when the workers stop; then they are left to others.
    pub drain: Duration,
}

fn register(monitor: Monitor, kind: Kind, work: &Work, options: &Options) -> Monitor {
    match kind {
        Kind::StoreInvoice => workers::<StoreInvoice>(monitor, work, options),
        Kind::CreateStripeLink => workers::<CreateStripeLink>(monitor, work, options),
        Kind::CloseStripeLink => workers::<CloseStripeLink>(monitor, work, options),
        Kind::SendSms => workers::<SendSms>(monitor, work, options),
        Kind::ProcessStripeEvent => workers::<ProcessStripeEvent>(monitor, work, options),
        Kind::ProcessSmsEvent => workers::<ProcessSmsEvent>(monitor, work, options),
        Kind::PurgeLink => workers::<PurgeLink>(monitor, work, options),
        Kind::CheckStripeKey => workers::<CheckStripeKey>(monitor, work, options),
    }
}

fn workers<J: Handler>(monitor: Monitor, work: &Work, options: &Options) -> Monitor {
    let (work, slots, lease) = (work.clone(), options.concurrency, options.lease);
    let runner = Arc::new(Runner::<J>::new(work.clone()));
    monitor.register(move |_restart| {
        let (work, runner) = (work.clone(), Arc::clone(&runner));
        let options = BackendOptions { slots, lease, ..BackendOptions::default() };
        WorkerBuilder::new(J::KIND.as_str())
            .backend(BellBackend::new(work.queue.bells().clone(), J::KIND.as_str(), options))
            // All workers share the monitor's task; each job gets one of its own, so that they use every core.
            .parallelize(tokio::spawn)
            .build(move |ringing: Ringing| {
                let (work, runner) = (work.clone(), Arc::clone(&runner));
                async move {
                    let job = JobId::from_uuid(ringing.job);
                    attempt(&work.db, &work.clock, job, J::KIND, runner.as_ref()).await.inspect_err(|error| {
                        entity::meter::database_error(error);
                        tracing::error!(job.id = %job, job.kind = %J::KIND, %error, "the database did not answer");
                    })
                }
            })
    })
}

/// Does jobs until `stop` resolves, then finishes those in flight.
///
/// # Errors
/// When a worker ends that should not have.
pub async fn run(work: Work, options: Options, stop: impl Future<Output = ()> + Send) -> Result<(), MonitorError> {
    let drain = options.drain;
    let monitor = options
        .kinds
        .iter()
        .fold(Monitor::new(), |monitor, kind| register(monitor, *kind, &work, &options))
        // It must begin to count when the stop begins, not now.
        .with_terminator(async move { tokio::time::sleep(drain).await });
    monitor
        .run_with_signal(async move {
            stop.await;
            io::Result::Ok(())
        })
        .await
}

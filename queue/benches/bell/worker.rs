//! The worker that is measured.

use apalis_core::error::WorkerError;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use queue::bell::{BackendOptions, BellBackend, Ringing, Verdict};
use tokio::task::JoinHandle;

use crate::server::{Failure, QUEUE, Server};

/// A worker whose handler does one thing and is done.
pub(crate) struct Worker {
    context: WorkerContext,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Worker {
    pub(crate) fn start(server: &Server, slots: usize, act: impl Fn() + Clone + Send + Sync + 'static) -> Self {
        let context = WorkerContext::new("bench");
        let options = BackendOptions { slots, ..BackendOptions::default() };
        let worker = WorkerBuilder::new(&context)
            .backend(BellBackend::new(server.bells.clone(), QUEUE, options))
            .build(move |_: Ringing| {
                act();
                async { Ok::<_, std::io::Error>(Verdict::Done) }
            });
        Self { context, task: tokio::spawn(worker.run()) }
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.context.stop()?;
        Ok(self.task.await??)
    }
}

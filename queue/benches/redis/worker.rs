//! The worker that is measured.

use apalis_core::error::WorkerError;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use queue::redis::{Ack, BackendOptions, Delivery, RedisBackend};
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
            .backend(RedisBackend::new(server.queues.clone(), QUEUE, options))
            .build(move |_: Delivery| {
                act();
                async { Ok::<_, std::io::Error>(Ack::Done) }
            });
        Self { context, task: tokio::spawn(worker.run()) }
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.context.stop()?;
        Ok(self.task.await??)
    }
}

//! The backend polled by apalis.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::queue::Queue;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::error;
use uuid::Uuid;

use super::ack::FetcherMessage;
use super::fetcher::{Fetcher, FetcherParts};
use super::prefetch::Prefetch;
use super::{AckLayer, BackendOptions, Delivery, QueueError, RedisQueues};

/// The jobs of one queue, for one apalis worker.
///
/// Polling does no I/O and never fails because of Redis. A separate task, the fetcher, does all communication and keeps
/// trying whatever happens to Redis. It starts with the worker. On a stop it returns the jobs that were not started,
/// delivers the remaining answers, and ends.
pub struct RedisBackend {
    queues: RedisQueues,
    queue: &'static str,
    options: BackendOptions,
    prefetch: Arc<Prefetch>,
    messages: mpsc::UnboundedSender<FetcherMessage>,
    fetcher: FetcherTask,
    name: Queue,
}

enum FetcherTask {
    /// The worker has not been polled yet. Holds the fetcher's inbox.
    Waiting(Option<mpsc::UnboundedReceiver<FetcherMessage>>),
    Running(JoinHandle<()>),
    Ended,
}

impl RedisBackend {
    /// A backend for the jobs of `queue`. It does nothing until its worker runs.
    #[must_use]
    pub fn new(queues: RedisQueues, queue: &'static str, options: BackendOptions) -> Self {
        let (messages, inbox) = mpsc::unbounded_channel();
        Self {
            queues,
            queue,
            options: BackendOptions { slots: options.slots.max(1), ..options },
            prefetch: Arc::default(),
            messages,
            fetcher: FetcherTask::Waiting(Some(inbox)),
            name: Queue::from(queue),
        }
    }

    /// Starts the fetcher at the first poll, when there certainly is a runtime.
    fn start(&mut self, worker: &WorkerContext) {
        if let FetcherTask::Waiting(inbox) = &mut self.fetcher
            && let Some(inbox) = inbox.take()
        {
            let parts = FetcherParts { worker: worker.clone(), prefetch: Arc::clone(&self.prefetch), inbox };
            let fetcher = Fetcher::new(&self.queues, self.queue, self.options, parts);
            self.fetcher = FetcherTask::Running(tokio::spawn(fetcher.run()));
        }
    }

    fn close(&self) {
        // Fails only if the fetcher has already ended.
        self.messages.send(FetcherMessage::Close).unwrap_or_default();
    }

    fn task(&self, delivery: Delivery) -> Task<Delivery> {
        // apalis increments the attempt when it starts, so it is given the number of previous attempts.
        let before = usize::try_from(delivery.number.saturating_sub(1)).unwrap_or(usize::MAX);
        TaskBuilder::new(delivery)
            .task_id(TaskId::from_string(delivery.job))
            .attempt(before)
            .queue(self.name.clone())
            .build()
    }
}

impl Backend for RedisBackend {
    type Task = Task<Delivery>;
    type Error = QueueError;

    fn poll_ready(&mut self, _cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), QueueError>> {
        self.start(worker);
        match &self.fetcher {
            FetcherTask::Running(task) if task.is_finished() => Poll::Ready(Err(QueueError::FetcherEnded)),
            FetcherTask::Waiting(_) | FetcherTask::Running(_) | FetcherTask::Ended => Poll::Ready(Ok(())),
        }
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Delivery>, QueueError>>> {
        self.prefetch.poll_take(cx).map(|delivery| Some(Ok(self.task(delivery))))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _worker: &WorkerContext) -> Poll<Result<(), QueueError>> {
        self.close();
        if let FetcherTask::Running(task) = &mut self.fetcher {
            if let Err(error) = ready!(Pin::new(task).poll(cx)) {
                error!(queue = self.queue, %error, "the fetcher did not end well");
            }
            self.fetcher = FetcherTask::Ended;
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for RedisBackend {
    type Args = Delivery;
    type Id = Uuid;
    type Kind = Ephemeral;
    type Config = BackendOptions;
    type Layer = AckLayer;

    fn config(&self) -> &BackendOptions {
        &self.options
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> AckLayer {
        AckLayer::new(self.messages.clone())
    }
}

/// Dropping a worker cleans up like stopping it, only a little later.
impl Drop for RedisBackend {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("queue", &self.queue)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

//! What apalis sees of us.

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

use super::ack::Order;
use super::clerk::Clerk;
use super::desk::Desk;
use super::{AckLayer, BackendOptions, BellError, Bells, Ringing};

/// The jobs of one queue, for one apalis worker.
///
/// Polling never touches Redis and never fails on its account: a task of its own, the clerk, does all that, and goes
/// on for ever whatever becomes of Redis. It starts with the worker; on a stop it gives back what was not started,
/// sees the answers of what was through, and ends.
pub struct BellBackend {
    bells: Bells,
    queue: &'static str,
    options: BackendOptions,
    desk: Arc<Desk>,
    orders: mpsc::UnboundedSender<Order>,
    clerk: ClerkTask,
    name: Queue,
}

enum ClerkTask {
    /// The worker has not been polled yet. Here is what the clerk will read.
    Hired(Option<mpsc::UnboundedReceiver<Order>>),
    Working(JoinHandle<()>),
    Gone,
}

impl BellBackend {
    /// A backend for the jobs of `queue`. Nothing happens before its worker runs.
    #[must_use]
    pub fn new(bells: Bells, queue: &'static str, options: BackendOptions) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        Self {
            bells,
            queue,
            options: BackendOptions { slots: options.slots.max(1), ..options },
            desk: Arc::default(),
            orders,
            clerk: ClerkTask::Hired(Some(inbox)),
            name: Queue::from(queue),
        }
    }

    /// The clerk starts with the first poll: only then is there a runtime for certain.
    fn start(&mut self, worker: &WorkerContext) {
        if let ClerkTask::Hired(inbox) = &mut self.clerk
            && let Some(inbox) = inbox.take()
        {
            let clerk =
                Clerk::new(&self.bells, self.queue, self.options, worker.clone(), Arc::clone(&self.desk), inbox);
            self.clerk = ClerkTask::Working(tokio::spawn(clerk.run()));
        }
    }

    fn close(&self) {
        // A clerk that is gone needs no telling.
        self.orders.send(Order::Close).unwrap_or_default();
    }

    fn task(&self, ringing: Ringing) -> Task<Ringing> {
        // apalis counts the attempt when it starts, so it is told of those before.
        let before = usize::try_from(ringing.delivery.saturating_sub(1)).unwrap_or(usize::MAX);
        TaskBuilder::new(ringing)
            .task_id(TaskId::from_string(ringing.job))
            .attempt(before)
            .queue(self.name.clone())
            .build()
    }
}

impl Backend for BellBackend {
    type Task = Task<Ringing>;
    type Error = BellError;

    fn poll_ready(&mut self, _cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), BellError>> {
        self.start(worker);
        match &self.clerk {
            ClerkTask::Working(task) if task.is_finished() => Poll::Ready(Err(BellError::ClerkEnded)),
            ClerkTask::Hired(_) | ClerkTask::Working(_) | ClerkTask::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Ringing>, BellError>>> {
        self.desk.poll_take(cx).map(|ringing| Some(Ok(self.task(ringing))))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _worker: &WorkerContext) -> Poll<Result<(), BellError>> {
        self.close();
        if let ClerkTask::Working(task) = &mut self.clerk {
            if let Err(error) = ready!(Pin::new(task).poll(cx)) {
                error!(queue = self.queue, %error, "the clerk did not end well");
            }
            self.clerk = ClerkTask::Gone;
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for BellBackend {
    type Args = Ringing;
    type Id = Uuid;
    type Kind = Ephemeral;
    type Config = BackendOptions;
    type Layer = AckLayer;

    fn config(&self) -> &BackendOptions {
        &self.options
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> AckLayer {
        AckLayer::new(self.orders.clone())
    }
}

/// A worker that is dropped, not stopped, leaves the same order behind it, a little later.
impl Drop for BellBackend {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for BellBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BellBackend")
            .field("queue", &self.queue)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

//! The middleware that acknowledges: a job's future resolves when Redis knows its verdict.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tower::{Layer, Service};
use uuid::Uuid;

use super::line::Reply;
use super::{Ringing, Verdict};

/// When a job is tried again whose handler failed, panicked or was dropped without saying when.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What the clerk is told.
pub(super) enum Order {
    /// A job is finished with.
    Answer(Answer),
    /// The worker ends.
    Close,
}

/// A job's answer on its way to Redis.
pub(super) struct Answer {
    pub(super) job: Uuid,
    pub(super) reply: Reply,
    /// When it was given: it is not held for longer than a lease lasts.
    pub(super) since: Instant,
    /// Dropped when Redis knows it, or never will.
    pub(super) settled: Option<oneshot::Sender<()>>,
}

/// The handler panicked. The panic itself was reported by the panic hook.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked")]
pub struct HandlerPanicked;

/// Acknowledges each job's [`Verdict`]. It is [`BellBackend`](super::BellBackend)'s own middleware, outside all that
/// the worker adds, and no job is left without an answer: a handler that fails, panics or is dropped has its job
/// rung again in 5 seconds, and only its own future knows of it.
#[derive(Debug, Clone)]
pub struct AckLayer {
    orders: mpsc::UnboundedSender<Order>,
}

impl AckLayer {
    pub(super) fn new(orders: mpsc::UnboundedSender<Order>) -> Self {
        Self { orders }
    }
}

impl<S> Layer<S> for AckLayer {
    type Service = AckService<S>;

    fn layer(&self, inner: S) -> AckService<S> {
        AckService { inner, orders: self.orders.clone() }
    }
}

/// See [`AckLayer`].
#[derive(Debug, Clone)]
pub struct AckService<S> {
    inner: S,
    orders: mpsc::UnboundedSender<Order>,
}

impl<S> Service<Task<Ringing>> for AckService<S>
where
    S: Service<Task<Ringing>, Response = Verdict>,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = Verdict;
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<Verdict, BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<Ringing>) -> Self::Future {
        let ticket = Ticket { job: task.args.job, orders: Some(self.orders.clone()) };
        let handling = self.inner.call(task);
        Box::pin(async move {
            let result = match AssertUnwindSafe(handling).catch_unwind().await {
                Ok(result) => result.map_err(Into::into),
                Err(_panic) => Err(HandlerPanicked.into()),
            };
            ticket.answer(&result).await;
            result
        })
    }
}

/// A claimed job's duty to answer.
struct Ticket {
    job: Uuid,
    /// Where to; taken by the answer.
    orders: Option<mpsc::UnboundedSender<Order>>,
}

impl Ticket {
    async fn answer(mut self, result: &Result<Verdict, BoxDynError>) {
        let reply = match result {
            Ok(Verdict::Done) => Reply::Done,
            Ok(Verdict::Later(at)) => Reply::At(*at),
            Err(_) => Reply::After(AFTER_FAILURE),
        };
        let (settled, settling) = oneshot::channel();
        self.send(reply, Some(settled));
        // An error says that the clerk dropped the sender, which is how it says that it is settled.
        settling.await.unwrap_or_default();
    }

    fn send(&mut self, reply: Reply, settled: Option<oneshot::Sender<()>>) {
        if let Some(orders) = self.orders.take() {
            let answer = Answer { job: self.job, reply, since: Instant::now(), settled };
            // If the clerk is gone the lease runs out, and the job is claimed again.
            orders.send(Order::Answer(answer)).unwrap_or_default();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.send(Reply::After(AFTER_FAILURE), None);
    }
}

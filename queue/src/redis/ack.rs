//! Acknowledgement middleware: a job's future resolves once Redis has its answer.

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

use super::queue::Reply;
use super::{Ack, Delivery};

/// When Redis delivers a job again of which the handler did not say what became: the database did not answer, or the executor itself was
/// dropped or panicked. This retries nothing by itself: whether and when there is another attempt is for the claim to say, which reads
/// the row and counts what ended without a word as a crash.
const UNANSWERED: Duration = Duration::from_secs(5);

/// A message to the fetcher.
pub(super) enum FetcherMessage {
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

/// Acknowledges each job's [`Ack`]. It is [`RedisBackend`](super::RedisBackend)'s own middleware, outside all that
/// the worker adds, and no job is left without an answer: if a handler fails, panics or is dropped, its job
/// is delivered again in 5 seconds, and only its own future knows of it.
#[derive(Debug, Clone)]
pub struct AckLayer {
    messages: mpsc::UnboundedSender<FetcherMessage>,
}

impl AckLayer {
    pub(super) fn new(messages: mpsc::UnboundedSender<FetcherMessage>) -> Self {
        Self { messages }
    }
}

impl<S> Layer<S> for AckLayer {
    type Service = AckService<S>;

    fn layer(&self, inner: S) -> AckService<S> {
        AckService { inner, messages: self.messages.clone() }
    }
}

/// See [`AckLayer`].
#[derive(Debug, Clone)]
pub struct AckService<S> {
    inner: S,
    messages: mpsc::UnboundedSender<FetcherMessage>,
}

impl<S> Service<Task<Delivery>> for AckService<S>
where
    S: Service<Task<Delivery>, Response = Ack>,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = Ack;
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<Ack, BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<Delivery>) -> Self::Future {
        let pending = PendingAck { job: task.args.job, messages: Some(self.messages.clone()) };
        let handling = self.inner.call(task);
        Box::pin(async move {
            let result = match AssertUnwindSafe(handling).catch_unwind().await {
                Ok(result) => result.map_err(Into::into),
                Err(_panic) => Err(HandlerPanicked.into()),
            };
            pending.answer(&result).await;
            result
        })
    }
}

/// A claimed job's duty to answer.
struct PendingAck {
    job: Uuid,
    /// Where to; taken by the answer.
    messages: Option<mpsc::UnboundedSender<FetcherMessage>>,
}

impl PendingAck {
    async fn answer(mut self, result: &Result<Ack, BoxDynError>) {
        let reply = match result {
            Ok(Ack::Done) => Reply::Done,
            Ok(Ack::Later(at)) => Reply::At(*at),
            Err(_) => Reply::After(UNANSWERED),
        };
        let (settled, settling) = oneshot::channel();
        self.send(reply, Some(settled));
        // An error says that the fetcher dropped the sender, which is how it says that it is settled.
        let _ = settling.await;
    }

    fn send(&mut self, reply: Reply, settled: Option<oneshot::Sender<()>>) {
        if let Some(messages) = self.messages.take() {
            let answer = Answer { job: self.job, reply, since: Instant::now(), settled };
            // If the fetcher is gone the lease runs out, and the job is claimed again.
            let _ = messages.send(FetcherMessage::Answer(answer));
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        self.send(Reply::After(UNANSWERED), None);
    }
}

//! The middleware that acknowledges jobs: a job's future resolves once Redis has the answer.

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

/// When Redis delivers a job again whose handler gave no answer, because the database was away or the executor was
/// dropped or panicked. This is not a retry: the claim decides whether and when there is another attempt. It reads the
/// row and counts an attempt that ended without a report as a crash.
const UNANSWERED: Duration = Duration::from_secs(5);

pub(super) enum FetcherMessage {
    /// A job was answered.
    Answer(JobAnswer),
    /// The worker is closing.
    Close,
}

/// A job's answer on its way to Redis.
pub(super) struct JobAnswer {
    pub(super) job: Uuid,
    pub(super) reply: Reply,
    /// When it was given. It is not kept for longer than a lease lasts.
    pub(super) since: Instant,
    /// Dropped once Redis has the answer, or never will.
    pub(super) settled: Option<oneshot::Sender<()>>,
}

/// The handler panicked. The panic hook has already reported the panic itself.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked")]
pub struct HandlerPanicked;

/// Acknowledges each job's [`Ack`]. It is [`RedisBackend`](super::RedisBackend)'s own middleware and wraps all others
/// of the worker, so every job gets an answer: if a handler fails, panics or is dropped, its job is delivered again
/// after 5 seconds, and only its own future sees the error.
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

/// The service of [`AckLayer`].
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

/// A claimed job that has yet to be answered.
struct PendingAck {
    job: Uuid,
    /// The fetcher's inbox; taken when the answer is sent.
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
        // The fetcher drops the sender once the answer is settled, so an error is the expected result.
        let _ = settling.await;
    }

    fn send(&mut self, reply: Reply, settled: Option<oneshot::Sender<()>>) {
        if let Some(messages) = self.messages.take() {
            let answer = JobAnswer { job: self.job, reply, since: Instant::now(), settled };
            // If the fetcher is gone, the lease runs out and the job is claimed again.
            let _ = messages.send(FetcherMessage::Answer(answer));
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        self.send(Reply::After(UNANSWERED), None);
    }
}

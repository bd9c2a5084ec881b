//! The middleware that publishes what a handler has changed.

use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tower::{Layer, Service};

use super::Live;

/// Publishes what has changed under a request once it has ended, and so after its commit.
#[derive(Debug, Clone)]
pub struct PublishLayer(Live);

impl PublishLayer {
    /// Publishes here.
    #[must_use]
    pub const fn new(live: Live) -> Self {
        Self(live)
    }
}

impl<S> Layer<S> for PublishLayer {
    type Service = PublishService<S>;

    fn layer(&self, inner: S) -> PublishService<S> {
        PublishService { inner, live: self.0.clone() }
    }
}

/// See [`PublishLayer`].
#[derive(Debug, Clone)]
pub struct PublishService<S> {
    inner: S,
    live: Live,
}

impl<S, R> Service<R> for PublishService<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (live, work) = (self.live.clone(), self.inner.call(request));
        Box::pin(async move {
            let (ended, changes) = entity::live::collect(work).await;
            live.publish(changes);
            ended
        })
    }
}

//! Limits on the size and duration of request bodies. They apply before routing, authentication and handlers, so no
//! route can forget them. A body that declares too large a size is refused unread; one without a declared size is
//! counted as it arrives.

mod kind;

use std::{
    future::Future,
    io,
    sync::{Arc, OnceLock},
};

use entity::documents::MAX_BYTES;
use futures_util::{StreamExt, stream};
use poem::{
    Body, Endpoint, IntoResponse, Middleware, PathPattern, Request, Response,
    http::{StatusCode, header},
};
use tokio::time::{Instant, timeout_at};

use self::kind::{BodyKind, BodyLimits, KIB, MIB};
use crate::Problem;

impl BodyKind {
    fn refusal(self, fault: BodyFault) -> Problem {
        match (fault, self) {
            (BodyFault::TooLarge, Self::Invoice) => invoice_too_large(),
            (BodyFault::TooLarge, Self::Json | Self::Order | Self::Batch | Self::Webhook) => {
                let detail = format!("The body is larger than {} KiB.", self.limits().bytes / KIB);
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            }
            (BodyFault::TooSlow, _) => {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not come in time.")
            }
        }
    }
}

/// The error for an invoice that is too large by its declared or actual length.
pub(crate) fn invoice_too_large() -> Problem {
    Problem::field("invoice", format!("is larger than {} MiB", MAX_BYTES / MIB))
        .coded("file_too_large")
        .with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// What was wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BodyFault {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not come in time")]
    TooSlow,
}

/// Limits every body.
pub(crate) struct Bodies;

impl<E: Endpoint<Output = Response>> Middleware<E> for Bodies {
    type Output = Bounded<E>;

    fn transform(&self, inner: E) -> Bounded<E> {
        Bounded(inner)
    }
}

/// See [`Bodies`].
pub(crate) struct Bounded<E>(E);

impl<E: Endpoint<Output = Response>> Endpoint for Bounded<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let kind = BodyKind::of(request.uri().path());
        if declared(&request).is_some_and(|length| length > kind.limits().bytes as u64) {
            return Ok(closing(kind.refusal(BodyFault::TooLarge).into_response()));
        }
        let body = request.take_body();
        if body.is_empty() {
            return self.0.call(request).await;
        }
        let fault = Arc::new(OnceLock::new());
        request.set_body(bounded(body, kind.limits(), Arc::clone(&fault)));
        let response = self.0.call(request).await?;
        Ok(match fault.get() {
            Some(fault) if !response.status().is_success() => told(kind.refusal(*fault), &response),
            Some(_) | None => response,
        })
    }
}

/// The declared length, which the server enforces.
fn declared(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Closes the connection with this response, because the rest of the body is not read; a client that reused it would
/// lose the next request.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

/// Replaces the handler's response to an aborted body by the problem, on the same route.
fn told(problem: Problem, instead_of: &Response) -> Response {
    let mut response = closing(problem.into_response());
    if let Some(route) = instead_of.data::<PathPattern>().cloned() {
        response.set_data(route);
    }
    response
}

/// The body, which fails where it exceeds its limits.
fn bounded(body: Body, limits: BodyLimits, fault: Arc<OnceLock<BodyFault>>) -> Body {
    let begin = Instant::now();
    let pieces = stream::try_unfold((Box::pin(body.into_bytes_stream()), limits.bytes), move |(mut body, left)| {
        let fault = Arc::clone(&fault);
        async move {
            let end = limits.deadline(begin, limits.bytes - left).min(Instant::now() + limits.pause);
            let next = in_time(body.next(), end).await;
            let broken = |kind| io::Error::other(*fault.get_or_init(|| kind));
            let Some(piece) = next.map_err(broken)?.transpose()? else { return Ok(None) };
            let left = left.checked_sub(piece.len()).ok_or_else(|| broken(BodyFault::TooLarge))?;
            Ok::<_, io::Error>(Some((piece, (body, left))))
        }
    });
    Body::from_bytes_stream(pieces)
}

async fn in_time<T>(next: impl Future<Output = T>, end: Instant) -> Result<T, BodyFault> {
    timeout_at(end, next).await.map_err(|_| BodyFault::TooSlow)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use bytes::Bytes;
    use poem::{endpoint::make, error::ReadBodyError, http::Method};

    use super::{
        kind::{REST_OF_A_FORM, SLOWEST},
        *,
    };

    /// Reads the whole body, and responds as handlers do.
    async fn answer(path: &str, request: impl FnOnce(poem::RequestBuilder) -> Request) -> (StatusCode, String) {
        let reads = make(|mut request: Request| async move {
            let read: Result<_, ReadBodyError> = request.take_body().into_bytes().await;
            read.map(|bytes| bytes.len().to_string().into_response()).map_err(poem::Error::from)
        });
        let endpoint = Bodies.transform(poem::EndpointExt::catch_all_error(reads, |error| async move {
            Problem::from_framework(error).into_response()
        }));
        let builder = Request::builder().method(Method::POST).uri(path.parse().unwrap());
        let response = endpoint.call(request(builder)).await.unwrap();
        (response.status(), response.into_body().into_string().await.unwrap())
    }

    /// A body without a declared length, which counts what is read of it.
    fn chunked(bytes: usize, taken: &Arc<AtomicUsize>) -> Body {
        let taken = Arc::clone(taken);
        let chunks = (0..bytes.div_ceil(KIB)).map(move |_| {
            taken.fetch_add(KIB, Ordering::Relaxed);
            Ok::<_, io::Error>(Bytes::from_static(&[b' '; KIB]))
        });
        Body::from_bytes_stream(stream::iter(chunks))
    }

    const PATHS: [(&str, usize); 7] = [
        ("/v1/orders", 320 * KIB),
        ("/v1/orders/ord_1", 320 * KIB),
        ("/v1/orders/by-number/1001", 320 * KIB),
        ("/nowhere/at/all", 64 * KIB),
        ("/webhooks/stripe/mer_1", MIB),
        ("/v1/orders/ord_1/payment-links", MAX_BYTES + REST_OF_A_FORM),
        ("/v1/orders/ord_1/payment-links/more", 64 * KIB),
    ];

    #[tokio::test]
    async fn a_body_is_counted_as_it_comes_and_no_more_is_taken_than_its_kind_may_have() {
        for (path, most) in PATHS {
            let taken = Arc::default();
            let (status, length) = answer(path, |request| request.body(chunked(most, &taken))).await;
            assert_eq!((status, length), (StatusCode::OK, most.to_string()), "{path}");
            let taken = Arc::default();
            let (status, _) = answer(path, |request| request.body(chunked(300 * MIB, &taken))).await;
            assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
            assert_eq!(taken.load(Ordering::Relaxed), most + KIB, "{path}");
        }
    }

    #[tokio::test]
    async fn a_body_that_says_that_it_is_too_large_is_refused_unread() {
        for (path, most) in PATHS {
            let taken = Arc::default();
            let request = |request: poem::RequestBuilder| {
                request.header(header::CONTENT_LENGTH, most + 1).body(chunked(most + 1, &taken))
            };
            assert_eq!(answer(path, request).await.0, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
            assert_eq!(taken.load(Ordering::Relaxed), 0, "{path}");
        }
    }

    #[tokio::test]
    async fn a_body_that_stands_still_or_never_ends_breaks_off() {
        let limits = |pause, whole| BodyLimits {
            bytes: MIB,
            pause: Duration::from_millis(pause),
            whole: Duration::from_millis(whole),
            pace: SLOWEST,
        };
        let drop_by_drop = || {
            stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Some((Ok::<_, io::Error>(Bytes::from_static(b" ")), ()))
            })
        };
        let still = Body::from_bytes_stream(stream::pending::<Result<Bytes, io::Error>>());
        for (body, limits) in
            [(still, limits(20, 60_000)), (Body::from_bytes_stream(drop_by_drop()), limits(60_000, 50))]
        {
            let fault = Arc::default();
            bounded(body, limits, Arc::clone(&fault)).into_bytes().await.unwrap_err();
            assert_eq!(fault.get(), Some(&BodyFault::TooSlow));
        }
    }
}

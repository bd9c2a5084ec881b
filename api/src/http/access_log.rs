//! Logs and measures every request: a request id that is also in the response, the trace, one log line, and metrics.
//! Paths are recorded as their route's pattern, because a path may contain a buyer's token.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use domain::{Clock, MerchantId, RequestId};
use poem::{
    Endpoint, IntoResponse, Middleware, PathPattern, Request, Response,
    http::{HeaderName, HeaderValue, Method},
};
use queue::{Trace, trace::rename};
use tracing::{Instrument, Span, field::Empty, info_span};

use crate::metrics;

/// The response header with the request's id, for support requests.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Records every request.
pub(crate) struct AccessLog {
    clock: Clock,
}

impl AccessLog {
    pub(crate) const fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

impl<E: Endpoint> Middleware<E> for AccessLog {
    type Output = Noted<E>;

    fn transform(&self, inner: E) -> Noted<E> {
        Noted { inner, clock: self.clock.clone() }
    }
}

/// See [`AccessLog`].
pub(crate) struct Noted<E> {
    inner: E,
    clock: Clock,
}

impl<E: Endpoint> Endpoint for Noted<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (id, since, method) = (RequestId::new(self.clock.now()), Instant::now(), request.method().clone());
        let span = info_span!(
            "request",
            request.id = %id,
            trace_id = Empty,
            merchant.id = Empty,
            otel.kind = "server",
            otel.status_code = Empty,
        );
        let trace = Trace::begin(&span, request.header("traceparent").and_then(Trace::parse), id.uuid());
        let answering = async {
            // Boxed, because the future is large and each layer would move it.
            let mut response = Box::pin(self.inner.call(request)).await?.into_response();
            note(&method, &response, since.elapsed());
            if let Ok(id) = HeaderValue::try_from(id.to_string()) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            Ok(response)
        };
        trace.scope(answering).instrument(span).await
    }
}

/// Logs commands and failures at `info`; reads, and the many webhooks, only at a lower level.
fn note(method: &Method, response: &Response, took: Duration) {
    let route = response.data::<PathPattern>().map_or(Cow::Borrowed("none"), |route| written(&route.0));
    let route = &*route;
    let status = response.status();
    metrics::answered(method, route, status, took);
    let ms = f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1_000.0;
    rename(&Span::current(), || format!("{method} {route}"));
    if status.is_server_error() {
        Span::current().record("otel.status_code", "ERROR");
    }
    let is_command = route.starts_with("/v1/") && !method.is_safe();
    // Anyone can send any number of bogus webhooks, so those are logged once a minute.
    let is_refused = status.is_client_error() && !route.starts_with("/webhooks/");
    if is_command || is_refused || status.is_server_error() {
        tracing::info!(%method, route, status = status.as_u16(), ms, "answered");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), ms, "answered");
    }
}

/// The pattern as in the API's description; internally its parameters are numbered.
fn written(pattern: &str) -> Cow<'_, str> {
    if pattern.contains(":param0") { Cow::Owned(pattern.replace(":param0", ":id")) } else { Cow::Borrowed(pattern) }
}

/// Records the merchant of the request, once known.
pub(crate) fn record_merchant(merchant: MerchantId) {
    Span::current().record("merchant.id", tracing::field::display(merchant));
}

//! How we speak HTTP to Stripe and to carriers.

use std::time::{Duration, Instant};

use reqwest::{Client, ClientBuilder, RequestBuilder, Response, header, redirect};
use tracing::{Instrument, field::Empty, info_span};

use crate::meter::{self, Service};

/// The longest that a whole exchange may take; shorter than a job's time-out, so that the job learns of it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest `Retry-After` that is believed.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

pub(crate) fn client() -> reqwest::Result<Client> {
    builder().build()
}

/// What all clients of ours are made of.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("paylink/", env!("CARGO_PKG_VERSION")))
}

/// Sends a request, in a span of its own. Of where it goes only the service is noted: what stands in an address may be a secret.
pub(crate) async fn send(service: Service, request: RequestBuilder) -> reqwest::Result<Response> {
    let (client, request) = request.build_split();
    let request = request?;
    let span = info_span!(
        "call",
        service = service.as_str(),
        http.request.method = %request.method(),
        http.response.status_code = Empty,
        otel.kind = "client",
        otel.name = format_args!("{service} {}", request.method()),
        otel.status_code = Empty,
    );
    let since = Instant::now();
    let answer = client.execute(request).instrument(span.clone()).await;
    let status = answer.as_ref().ok().map(Response::status);
    meter::called(service, status, since.elapsed());
    match status {
        Some(status) => span.record("http.response.status_code", status.as_u16()),
        None => span.record("otel.status_code", "ERROR"),
    };
    answer
}

/// How long the other side asks to be left alone: `Retry-After` in seconds.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

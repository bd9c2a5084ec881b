//! The HTTP clients for Stripe and the carriers.

use std::time::{Duration, Instant};

use chrono::DateTime;
use reqwest::{
    Client, ClientBuilder, RequestBuilder, Response,
    header::{self, HeaderMap},
    redirect,
};
use tracing::{Instrument, field::Empty, info_span};

use crate::metrics::{self, Service};

/// Timeout of a whole exchange. Shorter than a job's timeout, so that the job sees the error.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest `Retry-After` that is honoured.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

pub(crate) fn client() -> reqwest::Result<Client> {
    builder().build()
}

/// The common configuration of our clients.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("paylink/", env!("CARGO_PKG_VERSION")))
}

/// Sends a request in its own span. Only the service is recorded, since URLs may contain secrets.
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
    metrics::called(service, status, since.elapsed());
    match status {
        Some(status) => span.record("http.response.status_code", status.as_u16()),
        None => span.record("otel.status_code", "ERROR"),
    };
    answer
}

/// The server's `Retry-After`, in seconds or as a date relative to its own clock (`Date`).
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    asked(response.headers())
}

fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text| DateTime::parse_from_rfc2822(text).ok();
    let asked = text(header::RETRY_AFTER)?;
    let wait = match asked.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (date(asked)? - date(text(header::DATE)?)?).to_std().unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(asked_for: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Tue, 24 Nov 2026 14:00:00 GMT".parse().unwrap());
        headers.insert(header::RETRY_AFTER, asked_for.parse().unwrap());
        asked(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn what_is_asked_for_is_read_in_seconds_or_as_a_date() {
        assert_eq!(after("120"), Some(120));
        assert_eq!(after("Tue, 24 Nov 2026 14:01:30 GMT"), Some(90));
        assert_eq!(after("Tue, 24 Nov 2026 13:00:00 GMT"), Some(0));
        assert_eq!(after("soon"), None);
        assert_eq!(after("99999999"), Some(24 * 60 * 60));
    }
}

//! Request metrics, labelled by route pattern and never by the path itself.

use std::time::Duration;

use entity::webhook_event::Source;
use metrics::{counter, describe_counter, describe_histogram, histogram};
use poem::http::{Method, StatusCode};

const REQUESTS: &str = "paylink_http_requests_total";
const DURATION: &str = "paylink_http_request_duration_seconds";
const REFUSED: &str = "paylink_webhooks_refused_total";
const OVER_BUDGET: &str = "paylink_requests_over_budget_total";
const TEXT_LIMIT: &str = "paylink_text_limit_total";

/// Describes the metrics and starts them at zero.
pub fn declare() {
    describe_counter!(REQUESTS, "Requests that were answered, by method, route and status.");
    describe_histogram!(DURATION, "From when a request came to when its answer began.");
    describe_counter!(REFUSED, "Webhooks whose signature was missing or did not match.");
    describe_counter!(OVER_BUDGET, "Requests that were refused because their merchant's budget was spent.");
    counter!(OVER_BUDGET).increment(0);
    describe_counter!(
        TEXT_LIMIT,
        "Days of merchants on which most of the texts were sent (near), and texts that were refused because all were (reached)."
    );
    for which in ["near", "reached"] {
        counter!(TEXT_LIMIT, "limit" => which).increment(0);
    }
    for source in Source::ALL {
        counter!(REFUSED, "source" => source.as_str()).increment(0);
    }
}

/// Records an answered request.
pub(crate) fn answered(method: &Method, route: &str, status: StatusCode, took: Duration) {
    let (method, route) = (method_word(method), route.to_owned());
    histogram!(DURATION, "method" => method, "route" => route.clone()).record(took);
    let status = status.as_str().to_owned();
    counter!(REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
}

/// Counts a webhook with an invalid signature.
pub(crate) fn webhook_refused(source: Source) {
    counter!(REFUSED, "source" => source.as_str()).increment(1);
}

/// Counts a request that was refused because its merchant's budget was spent.
pub(crate) fn over_budget() {
    counter!(OVER_BUDGET).increment(1);
}

/// Counts a merchant who came `near` the day's limit of texts, or has `reached` it.
pub(crate) fn text_limit(which: &'static str) {
    counter!(TEXT_LIMIT, "limit" => which).increment(1);
}

/// The method as a label. Anyone can invent methods, so unknown ones share a label.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

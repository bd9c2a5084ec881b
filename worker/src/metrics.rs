//! Metrics of calls to external services.

use std::{fmt, time::Duration};

use metrics::{counter, describe_counter, describe_histogram, histogram};
use reqwest::StatusCode;

const TEXTS_REFUSED: &str = "paylink_texts_refused_total";
const CALLS: &str = "paylink_outside_call_duration_seconds";

/// Describes the metrics.
pub fn declare() {
    describe_counter!(
        TEXTS_REFUSED,
        "Texts that were not sent for good, by who refused: the carrier, or we because of the buyer or the link."
    );
    for by in ["carrier", "us"] {
        counter!(TEXTS_REFUSED, "by" => by).increment(0);
    }
    describe_histogram!(
        CALLS,
        "From when a request to Stripe, a carrier or a webhook endpoint left to when its answer began, by what it was."
    );
}

/// Counts a text that was not sent: the carrier refused it, or we did because of a change of the buyer or the link.
pub(crate) fn text_refused(by_carrier: bool) {
    counter!(TEXTS_REFUSED, "by" => if by_carrier { "carrier" } else { "us" }).increment(1);
}

/// The external services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Stripe.
    Stripe,
    /// A merchant's carrier.
    Carrier,
    /// A merchant's own system, through a webhook.
    Webhook,
}

impl Service {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Carrier => "carrier",
            Self::Webhook => "webhook",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Records a call that was answered with this status, or not at all.
pub(crate) fn called(service: Service, status: Option<StatusCode>, took: Duration) {
    let outcome = match status {
        None => "unanswered",
        Some(StatusCode::TOO_MANY_REQUESTS) => "too_many",
        Some(status) if status.is_server_error() => "failed",
        Some(status) if status.is_client_error() => "refused",
        Some(_) => "ok",
    };
    histogram!(CALLS, "service" => service.as_str(), "outcome" => outcome).record(took);
}

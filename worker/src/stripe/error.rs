//! Interprets Stripe's errors: retry, tell the merchant, or look up what happened.

use std::time::Duration;

use domain::MerchantId;
use queue::{JobError, flow::NotNow};
use reqwest::StatusCode;
use serde::Deserialize;

/// Why a call to Stripe failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StripeError {
    /// The call was not made.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// No answer: whether Stripe executed the call is unknown.
    #[error("Stripe did not answer")]
    Unanswered {
        #[source]
        source: reqwest::Error,
    },
    /// The answer does not have the format of the API's version.
    #[error("Stripe's answer to request {request} could not be read")]
    Unreadable {
        request: String,
        #[source]
        source: serde_json::Error,
    },
    /// A list is too long to read to its end.
    #[error("the account has too many payment links to find one among them")]
    TooMany,
    /// An error in Stripe's format.
    #[error("Stripe answered {status} {code} ({message}), request {request}")]
    Refused {
        status: StatusCode,
        code: String,
        message: String,
        /// The parameter it is about, if any.
        param: Option<String>,
        request: String,
        advice: Advice,
        retry_after: Option<Duration>,
    },
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Repeat the call with the same idempotency key.
    Retry,
    /// The idempotency key will always return this error: check whether the call was executed, and if not, use another
    /// key.
    LookUp,
    /// It can never succeed: tell the merchant.
    Tell,
}

/// The metadata of an answer.
pub(super) struct ResponseFacts {
    pub(super) status: StatusCode,
    /// The request id (`req_…`).
    pub(super) request: String,
    pub(super) should_retry: Option<String>,
    pub(super) replayed: bool,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Default, Deserialize)]
struct ErrorEnvelope {
    error: StripeErrorBody,
}

#[derive(Default, Deserialize)]
struct StripeErrorBody {
    #[serde(rename = "type", default)]
    kind: String,
    code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

impl ResponseFacts {
    pub(super) fn refusal(self, body: &[u8]) -> StripeError {
        let ErrorEnvelope { error } = serde_json::from_slice(body).unwrap_or_default();
        StripeError::Refused {
            advice: self.advice(&error.kind),
            status: self.status,
            code: error.code.unwrap_or(error.kind),
            message: error.message.unwrap_or_default(),
            param: error.param,
            request: self.request,
            retry_after: self.retry_after,
        }
    }

    fn advice(&self, kind: &str) -> Advice {
        // The key was used with other parameters, or has stored a failure that it repeats for a day.
        if kind == "idempotency_error" && self.status != StatusCode::CONFLICT || self.replayed {
            return Advice::LookUp;
        }
        match self.should_retry.as_deref() {
            Some("true") => return Advice::Retry,
            Some("false") if self.status.is_server_error() => return Advice::LookUp,
            Some(_) | None => {}
        }
        let retryable = matches!(self.status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS);
        if retryable || self.status.is_server_error() { Advice::Retry } else { Advice::Tell }
    }
}

impl StripeError {
    pub(super) fn unanswered(source: reqwest::Error) -> Self {
        // The URL may contain ids, which are in the job's row already.
        Self::Unanswered { source: source.without_url() }
    }

    /// What to do about the error.
    pub(crate) const fn advice(&self) -> Advice {
        match self {
            Self::NotNow(_) | Self::Unanswered { .. } | Self::TooMany => Advice::Retry,
            Self::Unreadable { .. } => Advice::LookUp,
            Self::Refused { advice, .. } => *advice,
        }
    }

    /// Whether the error suggests that Stripe is down: no answer, or one that says so. A failure repeated by an
    /// idempotency key says nothing about the present.
    pub(crate) fn means_down(&self) -> bool {
        match self {
            Self::Unanswered { .. } => true,
            Self::Refused { status, advice, .. } => status.is_server_error() && *advice == Advice::Retry,
            Self::NotNow(_) | Self::Unreadable { .. } | Self::TooMany => false,
        }
    }

    /// A sentence for the merchant, who can do something about it.
    pub(crate) fn for_merchant(&self) -> String {
        match self {
            Self::Refused { status, .. } if *status == StatusCode::UNAUTHORIZED => {
                "Stripe does not accept the API key. Connect Stripe again in the settings.".to_owned()
            }
            Self::Refused { status, .. } if *status == StatusCode::FORBIDDEN => {
                "The Stripe key lacks a permission. In Stripe's dashboard give the restricted key: Payment Links (write), \
                 Checkout Sessions (write), PaymentIntents (read) and, to register webhooks, Webhook Endpoints (write)."
                    .to_owned()
            }
            Self::Refused { message, request, param: Some(param), .. } if param.starts_with("payment_method_types") => {
                format!(
                    "Stripe refused a way to pay: {message} (request {request}). Switch it on in Stripe's dashboard, or choose \
                     others in the settings under Stripe, and make the link again."
                )
            }
            Self::Refused { message, request, .. } => format!("Stripe refused: {message} (request {request})"),
            Self::TooMany => "Your Stripe account has too many payment links to find this one among them.".to_owned(),
            Self::NotNow(_) | Self::Unanswered { .. } | Self::Unreadable { .. } => {
                "Stripe could not be reached.".to_owned()
            }
        }
    }

    /// Logs that Stripe refused `what` to a merchant, without its words, which may quote what was sent.
    pub(crate) fn log_refusal(&self, merchant: MerchantId, what: &str) {
        if let Self::Refused { status, code, request, .. } = self {
            tracing::warn!(merchant.id = %merchant, %status, code, request, "Stripe refused {what}");
        }
    }

    /// The error of a job, for callers that can only retry or fail.
    pub(crate) fn into_job_error(self) -> JobError {
        match self.advice() {
            Advice::Tell => JobError::fail(self),
            Advice::Retry | Advice::LookUp => self.into_retry(),
        }
    }

    /// A retry, at the time that Stripe asks for.
    pub(crate) fn into_retry(self) -> JobError {
        match self {
            Self::NotNow(why) => why.into(),
            Self::Refused { retry_after: Some(after), .. } => JobError::retry_after(self, after),
            Self::Refused { .. } | Self::Unanswered { .. } | Self::Unreadable { .. } | Self::TooMany => {
                JobError::retry(self)
            }
        }
    }
}

#[cfg(test)]
mod tests;

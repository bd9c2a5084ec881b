//! What Stripe's errors mean: try again, tell the merchant, or look what became of it.

use std::time::Duration;

use queue::JobError;
use reqwest::StatusCode;
use serde::Deserialize;

/// Why a call to Stripe did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StripeError {
    /// No answer: whether Stripe did it is not known.
    #[error("Stripe did not answer")]
    Unanswered {
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is not what the version promises.
    #[error("Stripe's answer could not be read")]
    Unreadable {
        #[source]
        source: serde_json::Error,
    },
    /// An error in Stripe's envelope.
    #[error("Stripe answered {status} {code} ({message}), request {request_id}")]
    Refused {
        status: StatusCode,
        code: String,
        message: String,
        request_id: String,
        advice: Advice,
        retry_after: Option<Duration>,
    },
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// The same call again, with the same idempotency key.
    Retry,
    /// This idempotency key will give nothing else any more: look whether it was done, else use another key.
    LookUp,
    /// It will never be done: tell the merchant.
    Tell,
}

/// What an answer says beside its body.
pub(super) struct ResponseFacts {
    pub(super) status: StatusCode,
    pub(super) request_id: Option<String>,
    pub(super) should_retry: Option<String>,
    pub(super) replayed: bool,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Default, Deserialize)]
struct Envelope {
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(rename = "type", default)]
    kind: String,
    code: Option<String>,
    message: Option<String>,
}

impl ResponseFacts {
    pub(super) fn refusal(self, body: &[u8]) -> StripeError {
        let Envelope { error } = serde_json::from_slice(body).unwrap_or_default();
        StripeError::Refused {
            advice: self.advice(&error.kind),
            status: self.status,
            code: error.code.unwrap_or(error.kind),
            message: error.message.unwrap_or_default(),
            request_id: self.request_id.unwrap_or_else(|| "unknown".to_owned()),
            retry_after: self.retry_after,
        }
    }

    fn advice(&self, kind: &str) -> Advice {
        // The key was used with other parameters, or it has stored a failure that it will repeat for a day.
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
        // The URL may carry ids; they are in the job's row already.
        Self::Unanswered { source: source.without_url() }
    }

    /// What to do about it.
    pub(crate) const fn advice(&self) -> Advice {
        match self {
            Self::Unanswered { .. } => Advice::Retry,
            Self::Unreadable { .. } => Advice::LookUp,
            Self::Refused { advice, .. } => *advice,
        }
    }

    /// A sentence for the merchant, who can change something about it.
    pub(crate) fn for_merchant(&self) -> String {
        match self {
            Self::Refused { status, .. } if *status == StatusCode::UNAUTHORIZED => {
                "Stripe does not accept the API key. Connect Stripe again in the settings.".to_owned()
            }
            Self::Refused { status, .. } if *status == StatusCode::FORBIDDEN => {
                "The Stripe key lacks a permission. It needs to write payment links and to read and write checkout sessions."
                    .to_owned()
            }
            Self::Refused { message, request_id, .. } => format!("Stripe refused: {message} (request {request_id})"),
            Self::Unanswered { .. } | Self::Unreadable { .. } => "Stripe could not be reached.".to_owned(),
        }
    }

    /// The error of a job that can do nothing better than try again, or nothing at all.
    pub(crate) fn into_job_error(self) -> JobError {
        match self.advice() {
            Advice::Tell => JobError::fail(self),
            Advice::Retry | Advice::LookUp => self.into_retry(),
        }
    }

    /// Try again, when Stripe says so.
    pub(crate) fn into_retry(self) -> JobError {
        match &self {
            Self::Refused { retry_after: Some(after), .. } => {
                let after = *after;
                JobError::retry_after(self, after)
            }
            Self::Refused { .. } | Self::Unanswered { .. } | Self::Unreadable { .. } => JobError::retry(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(status: u16, kind: &str, should_retry: Option<&str>, replayed: bool) -> Advice {
        let facts = ResponseFacts {
            status: StatusCode::from_u16(status).unwrap(),
            request_id: None,
            should_retry: should_retry.map(ToOwned::to_owned),
            replayed,
            retry_after: None,
        };
        let body = format!(r#"{{"error":{{"type":"{kind}","message":"m"}}}}"#);
        facts.refusal(body.as_bytes()).advice()
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_never_will_is_told() {
        for status in [409, 429, 500, 502, 503] {
            assert_eq!(advice(status, "api_error", None, false), Advice::Retry, "{status}");
        }
        for status in [400, 401, 402, 403, 404] {
            assert_eq!(advice(status, "invalid_request_error", None, false), Advice::Tell, "{status}");
        }
        assert_eq!(advice(400, "invalid_request_error", Some("true"), false), Advice::Retry);
    }

    #[test]
    fn a_key_that_has_stored_a_failure_is_not_tried_again() {
        assert_eq!(advice(500, "api_error", None, true), Advice::LookUp);
        assert_eq!(advice(400, "idempotency_error", None, false), Advice::LookUp);
        assert_eq!(advice(409, "idempotency_error", None, false), Advice::Retry);
    }
}

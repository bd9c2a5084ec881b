//! Twilio's error responses.

use poem::http::StatusCode;
use serde_json::json;

use crate::{answer::Answer, form::FormError};

/// An error in Twilio's format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct SmsError {
    status: StatusCode,
    code: u32,
    message: String,
}

impl SmsError {
    /// 400 with one of the carrier's codes.
    pub(crate) fn refused(code: u32, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// The carrier's code.
    pub(crate) const fn code(&self) -> u32 {
        self.code
    }

    pub(crate) fn authenticate() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::refused(20003, "Authenticate") }
    }

    pub(crate) fn not_found(path: &str) -> Self {
        let message = format!("The requested resource {path} was not found");
        Self { status: StatusCode::NOT_FOUND, ..Self::refused(20404, message) }
    }

    pub(crate) fn invalid_parameter(what: &str) -> Self {
        Self::refused(20001, format!("Invalid parameter: {what}"))
    }

    /// The response.
    pub(crate) fn answer(&self) -> Answer {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        });
        Answer::json(self.status, &body)
    }
}

impl From<FormError> for SmsError {
    fn from(error: FormError) -> Self {
        Self::invalid_parameter(&error.to_string())
    }
}

/// The response of a requested failure.
pub(crate) fn ordered(status: StatusCode) -> Answer {
    let (code, message) = match status.as_u16() {
        401 => (20003, "Authenticate"),
        403 => (20403, "Forbidden"),
        404 => (20404, "Not found"),
        429 => (20429, "Too Many Requests"),
        400..=499 => (20001, "The request was unacceptable"),
        503 => (20503, "Service unavailable"),
        _ => (20500, "An internal server error has occurred. This failure was ordered of the sandbox."),
    };
    SmsError { status, code, message: message.to_owned() }.answer()
}

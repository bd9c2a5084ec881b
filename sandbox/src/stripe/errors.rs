//! Stripe's error envelope.

use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::{answer::Answer, form::FormError};

/// An error in Stripe's format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct StripeError {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
}

impl StripeError {
    /// 400 `invalid_request_error` without a code.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            message: message.into(),
            param: None,
        }
    }

    /// 400 about one parameter.
    pub(crate) fn param(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), param: Some(param.to_owned()), ..Self::invalid(message) }
    }

    /// 400 about one parameter, without a code.
    pub(crate) fn param_without_code(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::invalid(message) }
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::param(param, "parameter_missing", format!("Missing required param: {param}."))
    }

    pub(crate) fn empty(param: &str) -> Self {
        let message = format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; \
             however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty \
             value."
        );
        Self::param(param, "parameter_invalid_empty", message)
    }

    /// 400 about unknown parameters, of which there is at least one.
    pub(crate) fn unknown(names: &[&str]) -> Self {
        let parameters = if names.len() == 1 { "parameter" } else { "parameters" };
        let message = format!("Received unknown {parameters}: {}", names.join(", "));
        Self::param(names.first().copied().unwrap_or_default(), "parameter_unknown", message)
    }

    /// 404 about the object in the path.
    pub(crate) fn no_such(object: &str, id: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::no_such_in_param(object, id, "id") }
    }

    /// 400 about an object in a parameter.
    pub(crate) fn no_such_in_param(object: &str, id: &str, param: &str) -> Self {
        Self::param(param, "resource_missing", format!("No such {object}: '{id}'"))
    }

    pub(crate) fn unrecognized_url(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at \
             https://support.stripe.com/."
        );
        Self { status: StatusCode::NOT_FOUND, ..Self::invalid(message) }
    }

    pub(crate) fn no_key() -> Self {
        let message = "You did not provide an API key. You need to provide your API key in the Authorization header, \
                       using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
        Self { status: StatusCode::UNAUTHORIZED, ..Self::invalid(message) }
    }

    /// 401 about an unknown key. Like Stripe's, the message shows the key's start and its last four characters.
    pub(crate) fn unknown_key(secret: &str) -> Self {
        let letters: Vec<char> = secret.chars().collect();
        let start: String = letters.iter().take(8).collect();
        let end: String = letters.iter().skip(letters.len().saturating_sub(4).max(8)).collect();
        let message = format!("Invalid API Key provided: {start}****{end}");
        Self { status: StatusCode::UNAUTHORIZED, ..Self::invalid(message) }
    }

    pub(crate) fn key_reused(message: impl Into<String>) -> Self {
        Self { kind: "idempotency_error", ..Self::invalid(message) }
    }

    pub(crate) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Stripe-Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}"
        );
        Self { status: StatusCode::CONFLICT, code: Some("idempotency_key_in_use"), ..Self::invalid(message) }
    }

    /// The response to the request with this id.
    pub(crate) fn answer(&self, request_id: &str) -> Answer {
        Answer::json(self.status, &self.envelope(request_id))
    }

    fn envelope(&self, request_id: &str) -> Value {
        let mut error = json!({
            "type": self.kind,
            "message": self.message,
            "request_log_url": format!("https://dashboard.stripe.com/test/logs/{request_id}"),
        });
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({ "error": error })
    }
}

impl From<FormError> for StripeError {
    fn from(error: FormError) -> Self {
        match &error {
            FormError::Encoding(_) => Self::invalid(error.to_string()),
            FormError::Repeated(name) => Self::param_without_code(name, error.to_string()),
        }
    }
}

/// The response of a requested failure.
pub(crate) fn ordered(status: StatusCode) -> Answer {
    let (kind, code, message) = match status.as_u16() {
        401 => ("invalid_request_error", None, "Invalid API Key provided: sk_test_****"),
        402 => ("card_error", Some("card_declined"), "Your card was declined."),
        403 => (
            "invalid_request_error",
            Some("more_permissions_required"),
            "The provided key does not have the required permissions for this endpoint.",
        ),
        404 => ("invalid_request_error", Some("resource_missing"), "No such object"),
        409 => (
            "invalid_request_error",
            Some("lock_timeout"),
            "This object cannot be accessed right now because another API request or Stripe process is currently \
             accessing it.",
        ),
        429 => ("invalid_request_error", Some("rate_limit"), "Request rate limit exceeded."),
        400..=499 => ("invalid_request_error", None, "The request was unacceptable."),
        _ => ("api_error", None, "An unknown error occurred. This failure was ordered of the sandbox."),
    };
    let error = StripeError { status, kind, code, message: message.to_owned(), param: None };
    error.answer("req_ordered")
}

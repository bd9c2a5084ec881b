//! Errors as RFC 9457 `application/problem+json`. This is the only place that maps what went wrong to an HTTP status.
//!
//! - 4xx say what to change and carry a stable `code`; invalid input names each field.
//! - 5xx reveal nothing internal; the error is logged here, once, with its sources.

mod causes;
mod response;

use std::{error::Error as StdError, time::Duration};

use domain::OrderId;
use entity::{documents::DocumentError, is_conflict};
use poem::http::StatusCode;
use poem_openapi::Object;

/// `Retry-After` of errors on our side.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The code of content that cannot be rendered, which distinguishes it from a failure.
const CANNOT_BE_DRAWN: &str = "cannot_be_drawn";

/// One field of the input and what is wrong with it.
#[derive(Debug, Clone, Object)]
pub(crate) struct FieldError {
    /// The field, as a path such as `customer.phone`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a request is refused or fails.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    fields: Vec<FieldError>,
    after: Option<Duration>,
    /// Boxed, since few problems have one and every result that may be a problem holds its size.
    instead: Option<Box<Instead>>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// An alternative for the caller.
#[derive(Debug)]
enum Instead {
    /// The allowed methods.
    Methods(String),
    /// The existing order.
    Order(OrderId),
}

impl Problem {
    /// A problem caused by the caller.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), fields: Vec::new(), after: None, instead: None, source: None }
    }

    /// The resource does not exist or belongs to another merchant; both get the same answer.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
    }

    /// The problem as one sentence, with field names without this prefix.
    pub(crate) fn sentence(&self, before: &str) -> String {
        if self.fields.is_empty() {
            return self.detail.clone();
        }
        let told = self.fields.iter().map(|FieldError { field, reason }| {
            let field = field.strip_prefix(before).unwrap_or(field);
            if field.is_empty() { reason.clone() } else { format!("{field} {reason}") }
        });
        told.collect::<Vec<_>>().join("; ")
    }

    /// Another problem with the same code and fields.
    pub(crate) fn of_same_fields(&self) -> Self {
        Self { fields: self.fields.clone(), ..Self::new(self.status, self.code, self.detail.clone()) }
    }

    /// The content cannot be rendered: it has unsupported characters, or is too long.
    pub(crate) fn cannot_be_drawn(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, CANNOT_BE_DRAWN, detail)
    }

    /// Why a page cannot be rendered, if that is the problem.
    #[must_use]
    pub fn undrawable(&self) -> Option<&str> {
        (self.code == CANNOT_BE_DRAWN).then_some(&self.detail)
    }

    /// The current state does not allow the command.
    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// The request cannot be parsed.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    /// The request cannot be parsed at one field, or as a whole if `path` is `.`.
    pub(crate) fn unreadable_field(path: &str, reason: String) -> Self {
        let mut problem = Self::malformed(reason.clone());
        if path != "." {
            problem.fields.push(FieldError { field: path.to_owned(), reason });
        }
        problem
    }

    /// The request cannot be parsed at these fields.
    pub(crate) fn unreadable_fields(fields: Vec<FieldError>) -> Self {
        let detail = told(&fields);
        Self { fields, ..Self::malformed(detail) }
    }

    /// An unknown field or parameter was sent. Nothing is silently ignored.
    pub(crate) fn unknown(field: &str, reason: impl Into<String>) -> Self {
        Self::field(field, reason).coded("unknown_field")
    }

    /// The body's type is not accepted.
    pub(crate) fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// The method is not allowed; these are.
    pub(crate) fn method_not_allowed(allowed: String) -> Self {
        let detail = format!("Not with this method. Allowed: {allowed}.");
        let instead = Some(Box::new(Instead::Methods(allowed)));
        Self { instead, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail) }
    }

    /// An order with this number exists: this one, unless it was created at the same moment.
    pub(crate) fn second_order(order: Option<OrderId>) -> Self {
        let instead = order.map(|order| Box::new(Instead::Order(order)));
        Self { instead, ..Self::conflict("order_exists", "There is an order of this number.") }
    }

    /// One field is invalid.
    pub(crate) fn field(field: &str, reason: impl Into<String>) -> Self {
        Self::of_fields(vec![FieldError { field: field.to_owned(), reason: reason.into() }])
    }

    /// The machine-readable code.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// Whether the caller was denied access.
    pub(crate) fn is_refusal(&self) -> bool {
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&self.status)
    }

    /// The operator has suspended the merchant.
    pub(crate) fn suspended() -> Self {
        let detail = "This account is suspended. What is open can still be paid. Please speak to your operator.";
        Self::new(StatusCode::FORBIDDEN, "merchant_suspended", detail)
    }

    /// These fields are invalid.
    pub(crate) fn of_fields(fields: Vec<FieldError>) -> Self {
        let detail = told(&fields);
        Self { fields, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", detail) }
    }

    /// The same problem with another code, for fields that have their own.
    pub(crate) fn coded(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The same problem with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same problem, with the time to wait.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self { after: Some(wait), ..self }
    }

    /// The wait in whole seconds, at least one, rounded up so that a retry is not too early.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.after.map(|wait| (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// Whether the only cause is a conflict with other writers, so that a retry may succeed at once.
    pub(crate) fn is_conflict_of_rows(&self) -> bool {
        self.source.as_deref().is_some_and(|source| is_conflict(source))
    }

    /// An internal error.
    pub(crate) fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of_ours(StatusCode::INTERNAL_SERVER_ERROR, "internal", source)
    }

    /// The stored invoice differs from the upload, and is not shown.
    pub(crate) fn invoice_damaged(source: DocumentError) -> Self {
        let detail = "This invoice is no longer stored as it was uploaded, so it is not shown.".to_owned();
        Self { detail, ..Self::of_ours(StatusCode::INTERNAL_SERVER_ERROR, "invoice_damaged", source) }
    }

    /// A temporary failure; the caller may retry.
    pub(crate) fn unavailable(code: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of_ours(StatusCode::SERVICE_UNAVAILABLE, code, source)
    }

    fn of_ours(status: StatusCode, code: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = match status {
            StatusCode::SERVICE_UNAVAILABLE => "Please try again in a moment; nothing was changed.",
            _ => "Something went wrong on our side; nothing was changed.",
        };
        let after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(TRY_AGAIN_AFTER);
        Self {
            status,
            code,
            detail: detail.to_owned(),
            fields: Vec::new(),
            after,
            instead: None,
            source: Some(source.into()),
        }
    }

    /// Missing or invalid key.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Send a valid key in the header `Authorization: Bearer <key>`.",
        )
    }

    /// An invalid key at sign-in.
    pub(crate) fn unknown_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "This key is not known. It may have been revoked.")
    }

    /// The session is over.
    pub(crate) fn session_expired() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "session_expired", "The session is over. Please sign in again.")
    }
}

fn told(fields: &[FieldError]) -> String {
    let told = fields.iter().map(|FieldError { field, reason }| {
        // The body as a whole has no name.
        if field.is_empty() { format!("The body {reason}") } else { format!("{field}: {reason}") }
    });
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_none() {
        let told = |wait| Problem::not_found().after(wait).retry_after();
        assert_eq!(told(Duration::from_millis(1_001)), Some(2));
        assert_eq!(told(Duration::ZERO), Some(1), "it was over in the moment between the check and the answer");
    }
}

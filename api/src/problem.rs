//! Errors as RFC 9457 `application/problem+json`: the one map from what went wrong to an HTTP status.
//!
//! - 4xx say what to change and carry a stable `code`; bad input names each field.
//! - 5xx say nothing of the inside: the error is logged here, once, with its sources.

use std::{error::Error as StdError, time::Duration};

use domain::VaultError;
use entity::{documents::DocumentError, is_conflict, metrics::database_error, stripe_integration::ConnectError};
use poem::{
    IntoResponse, Response,
    error::{MethodNotAllowedError, NotFoundError, ParseFormError, SizedLimitError},
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    error::{AuthorizationError, ContentTypeError, ParseParamError, ParseRequestPayloadError},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};
use sea_orm::DbErr;

pub(crate) use crate::fields::Fields;

/// When to try again what failed on our side.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// One field of the input and what is wrong with it.
#[derive(Debug, Clone, Object)]
pub(crate) struct FieldError {
    /// The field, as a path such as `customer.phone`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A problem as it is sent.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: the `code` tells problems apart.
    #[oai(rename = "type")]
    pub kind: String,
    /// The status, in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What went wrong, for programs; stable.
    pub code: String,
    /// What went wrong, for people.
    pub detail: String,
    /// For bad input: field by field.
    pub errors: Option<Vec<FieldError>>,
}

/// Why a request is not answered as it was meant to be.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    fields: Vec<FieldError>,
    after: Option<Duration>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Problem {
    /// A problem of the caller's making.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), fields: Vec::new(), after: None, source: None }
    }

    /// The same answer for what does not exist and for what is somebody else's.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
    }

    /// The state of things does not allow it.
    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// The request cannot be read at all.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    /// The request cannot be read at one field, or at none if `path` is `.`.
    pub(crate) fn unreadable_field(path: &str, reason: String) -> Self {
        let mut problem = Self::malformed(reason.clone());
        if path != "." {
            problem.fields.push(FieldError { field: path.to_owned(), reason });
        }
        problem
    }

    /// One field is wrong.
    pub(crate) fn field(field: &str, reason: impl Into<String>) -> Self {
        let mut fields = Fields::default();
        fields.refuse(field, reason);
        fields.into_problem()
    }

    /// What went wrong, for programs.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// Whether somebody was not let in.
    pub(crate) fn is_refusal(&self) -> bool {
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&self.status)
    }

    /// The operator has the merchant suspended.
    pub(crate) fn suspended() -> Self {
        let detail = "This account is suspended. What is open can still be paid. Please speak to your operator.";
        Self::new(StatusCode::FORBIDDEN, "merchant_suspended", detail)
    }

    /// These fields are wrong.
    pub(crate) fn of_fields(fields: Vec<FieldError>, detail: String) -> Self {
        Self { fields, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", detail) }
    }

    /// The same problem under another code, for a field that has one of its own.
    pub(crate) fn coded(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The same problem with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same problem, of which one knows when it will be over.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self { after: Some(wait), ..self }
    }

    /// When it will be over, in whole seconds: to come a moment too early would be in vain.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    /// Whether nothing is wrong but that others wrote the same rows: it may be tried again at once.
    pub(crate) fn is_conflict_of_rows(&self) -> bool {
        self.source.as_deref().is_some_and(|source| is_conflict(source))
    }

    /// Something of ours is broken.
    pub(crate) fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of_ours(StatusCode::INTERNAL_SERVER_ERROR, "internal", source)
    }

    /// It cannot be done now, and may be tried again.
    pub(crate) fn unavailable(code: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of_ours(StatusCode::SERVICE_UNAVAILABLE, code, source)
    }

    fn of_ours(status: StatusCode, code: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = match status {
            StatusCode::SERVICE_UNAVAILABLE => "Please try again in a moment; nothing was changed.",
            _ => "Something went wrong on our side; nothing was changed.",
        };
        let after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(TRY_AGAIN_AFTER);
        Self { status, code, detail: detail.to_owned(), fields: Vec::new(), after, source: Some(source.into()) }
    }

    /// What poem and poem-openapi refuse before a handler is reached.
    pub(crate) fn from_framework(error: poem::Error) -> Self {
        if error.is::<Self>() {
            return match error.downcast::<Self>() {
                Ok(problem) => problem,
                Err(error) => Self::internal(error.to_string()),
            };
        }
        if error.is::<NotFoundError>() {
            return Self::not_found();
        }
        if error.is::<AuthorizationError>() {
            return Self::unauthorized();
        }
        if error.is::<MethodNotAllowedError>() {
            return Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Not with this method.");
        }
        if error.is::<ContentTypeError>() {
            return Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", error.to_string());
        }
        if error.is::<SizedLimitError>() {
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than is taken here.");
        }
        if error.is::<ParseRequestPayloadError>() || error.is::<ParseParamError>() || error.is::<ParseFormError>() {
            return Self::malformed(error.to_string());
        }
        let status = error.status();
        if status.is_client_error() {
            return Self::new(status, "bad_request", error.to_string());
        }
        Self::internal(error.to_string())
    }

    /// No key, or one that is none.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Send a valid key in the header `Authorization: Bearer <key>`.",
        )
    }

    /// A key that is none, where one signs in.
    pub(crate) fn unknown_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "This key is not known. It may have been revoked.")
    }

    /// A session that is over.
    pub(crate) fn session_expired() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "session_expired", "The session is over. Please sign in again.")
    }

    fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.clone(),
            errors: (!self.fields.is_empty()).then(|| self.fields.clone()),
        }
    }

    fn log(&self) {
        let Some(source) = &self.source else { return };
        tracing::error!(
            code = self.code,
            status = self.status.as_u16(),
            error = domain::with_sources(source.as_ref()),
            "request failed"
        );
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let response = Response::builder()
            .status(self.status)
            .content_type("application/problem+json")
            .header(header::CACHE_CONTROL, "no-store");
        let response = if self.status == StatusCode::UNAUTHORIZED {
            response.header(header::WWW_AUTHENTICATE, "Bearer")
        } else {
            response
        };
        let response = match self.retry_after() {
            Some(seconds) => response.header(header::RETRY_AFTER, seconds),
            None => response,
        };
        response.body(self.body().to_json_string())
    }
}

impl poem::error::ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.status
    }
}

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "What went wrong.",
                status: None,
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: "application/problem+json",
                    schema: ProblemBody::schema_ref(),
                }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        ProblemBody::register(registry);
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        database_error(&error);
        Self::unavailable("database_unavailable", error)
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Missing => Self::not_found(),
            DocumentError::Store(_) => Self::of_ours(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", error),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        Self::internal(error)
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Vault(error) => error.into(),
            ConnectError::Db(error) => error.into(),
        }
    }
}

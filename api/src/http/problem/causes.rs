//! Maps errors of the framework, the database, the document store and the vault to problems.

use domain::VaultError;
use entity::{DbFault, documents::DocumentError, metrics::database_error, stripe_integration::ConnectError};
use poem::{
    error::{MethodNotAllowedError, NotFoundError, ParseFormError, ParsePathError, SizedLimitError},
    http::StatusCode,
};
use poem_openapi::error::{AuthorizationError, ContentTypeError, ParseParamError, ParseRequestPayloadError};
use sea_orm::DbErr;

use super::Problem;

impl Problem {
    /// Errors of poem and poem-openapi before a handler is reached.
    pub(crate) fn from_framework(error: poem::Error) -> Self {
        if error.is::<Self>() {
            return match error.downcast::<Self>() {
                Ok(problem) => problem,
                Err(error) => Self::internal(error.to_string()),
            };
        }
        // A path that is no UTF-8 names nothing.
        if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
            return Self::not_found();
        }
        if error.is::<AuthorizationError>() {
            return Self::unauthorized();
        }
        if error.is::<MethodNotAllowedError>() {
            return Self::method_not_allowed(String::new());
        }
        if error.is::<ContentTypeError>() {
            return Self::unsupported_media_type(error.to_string());
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
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        database_error(&error);
        if DbFault::of(&error).passes() {
            Self::unavailable("database_unavailable", error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Missing => Self::not_found(),
            DocumentError::Altered => Self::internal(error),
            DocumentError::Store(_) | DocumentError::TimedOut => {
                Self::of_ours(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", error)
            }
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

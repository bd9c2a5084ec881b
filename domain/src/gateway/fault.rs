//! Problems with a description.

use crate::plain_template::{PlainTemplateError, RenderingError};

/// A problem with a description, and the field it is in.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {why}")]
pub struct GatewayError {
    /// The field, such as `headers.Authorization`.
    pub field: String,
    /// The problem.
    #[source]
    pub why: GatewayFault,
}

/// A problem with a field of a description. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum GatewayFault {
    /// It is too long.
    #[error("is longer than is taken here")]
    TooLong,
    /// It is empty or has control characters.
    #[error("must be text on one line")]
    NotOneLine,
    /// It is not a template of known plain variables, each in double braces.
    #[error(transparent)]
    Template(#[from] PlainTemplateError),
    /// A template cannot be filled because the result is too long.
    #[error(transparent)]
    Rendering(#[from] RenderingError),
    /// It is not a URL.
    #[error("is not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// The scheme is neither HTTPS nor, where allowed, HTTP.
    #[error("must begin with https://")]
    Scheme,
    /// The host varies between texts, or the URL contains a user or a password.
    #[error("must name its host without variables, user or password")]
    Host,
    /// The address is private or reserved.
    #[error("is not at a public address, and the operator does not allow others")]
    Inside,
    /// The request lacks the text or the number.
    #[error("{{{{to}}}} and {{{{text}}}} must be in the URL or in the body")]
    Incomplete,
    /// A GET request has a body, or another request has none.
    #[error("is needed with POST and PUT, and cannot be with GET")]
    Body,
    /// The body's `Content-Type` is not one that values can be escaped for.
    #[error(
        "a body needs a header Content-Type: application/json, application/x-www-form-urlencoded, application/xml, text/xml or text/plain"
    )]
    ContentType,
    /// The filled-in body is not JSON.
    #[error("is not JSON once it is filled in (a text is written \"{{{{text}}}}\")")]
    NotJson(#[source] serde_json::Error),
    /// The header's name is invalid or reserved.
    #[error("is not a header that can be set")]
    Header,
    /// The gateway has no such secret.
    #[error("there is no secret {0}")]
    NoSecret(String),
    /// It is not a JSON pointer.
    #[error("must be a JSON pointer, such as /message/id")]
    Pointer,
    /// No status is named, so no report could be understood.
    #[error("must name at least one status")]
    NoStatus,
}

impl GatewayFault {
    pub(super) fn at(self, field: impl Into<String>) -> GatewayError {
        GatewayError { field: field.into(), why: self }
    }
}

//! What can be wrong with a description.

use crate::plain_template::{PlainTemplateError, RenderingError};

/// What is wrong with a description, and in which field of it.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {why}")]
pub struct GatewayError {
    /// The field, such as `headers.Authorization`.
    pub field: String,
    /// What is wrong with it.
    #[source]
    pub why: GatewayFault,
}

/// What is wrong with a field of a description. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum GatewayFault {
    /// Too much of it.
    #[error("is longer than is taken here")]
    TooLong,
    /// Empty, or with control characters.
    #[error("must be text on one line")]
    NotOneLine,
    /// Not a template of plain variables that are known here, each in two braces.
    #[error(transparent)]
    Template(#[from] PlainTemplateError),
    /// A template cannot be filled: what it makes is too long.
    #[error(transparent)]
    Rendering(#[from] RenderingError),
    /// Not a URL.
    #[error("is not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// Neither HTTPS nor, where that is allowed, HTTP.
    #[error("must begin with https://")]
    Scheme,
    /// The host is not the same for each text, or there are a user and a password in it.
    #[error("must name its host without variables, user or password")]
    Host,
    /// An address inside a network, or one that is for nobody.
    #[error("is not at a public address, and the operator does not allow others")]
    Inside,
    /// The request would not carry the text and the number.
    #[error("{{{{to}}}} and {{{{text}}}} must be in the URL or in the body")]
    Incomplete,
    /// A request with GET has no body, and others have one.
    #[error("is needed with POST and PUT, and cannot be with GET")]
    Body,
    /// The `Content-Type` of a body is none that values can be escaped for.
    #[error(
        "a body needs a header Content-Type: application/json, application/x-www-form-urlencoded, application/xml, text/xml or text/plain"
    )]
    ContentType,
    /// The body is not JSON once it is filled in.
    #[error("is not JSON once it is filled in (a text is written \"{{{{text}}}}\")")]
    NotJson(#[source] serde_json::Error),
    /// Not a header's name, or one that is not for merchants to set.
    #[error("is not a header that can be set")]
    Header,
    /// A secret that is not among the gateway's.
    #[error("there is no secret {0}")]
    NoSecret(String),
    /// Not a JSON pointer.
    #[error("must be a JSON pointer, such as /message/id")]
    Pointer,
    /// Nothing would be known of any report.
    #[error("must name at least one status")]
    NoStatus,
}

impl GatewayFault {
    pub(super) fn at(self, field: impl Into<String>) -> GatewayError {
        GatewayError { field: field.into(), why: self }
    }
}

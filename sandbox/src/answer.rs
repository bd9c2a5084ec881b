//! A response of one of the two services, before it becomes HTTP.

use poem::{Response, http::StatusCode};
use serde_json::Value;

/// A status, headers and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// A response with this body.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let start = Response::builder().status(answer.status).content_type("application/json");
        let with_headers = |builder: poem::ResponseBuilder, (name, value)| builder.header(name, value);
        answer.headers.into_iter().fold(start, with_headers).body(answer.body)
    }
}

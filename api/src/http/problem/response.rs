//! How a problem is sent and logged.

use domain::OrderId;
use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};

use super::{FieldError, Instead, Problem};
use crate::http::typed::Text;

/// The body of a problem response.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
struct ProblemBody {
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
    /// For `order_exists`: the order that has the number.
    pub order_id: Option<Text<OrderId>>,
}

impl Problem {
    fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.clone(),
            errors: (!self.fields.is_empty()).then(|| self.fields.clone()),
            order_id: match self.instead.as_deref() {
                Some(Instead::Order(order)) => Some(Text(*order)),
                Some(Instead::Methods(_)) | None => None,
            },
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
        let response = match self.instead.as_deref() {
            Some(Instead::Methods(allowed)) => response.header(header::ALLOW, allowed),
            Some(Instead::Order(_)) | None => response,
        };
        response.body(self.body().to_json_string())
    }
}

impl ResponseError for Problem {
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

//! The ledger as it is answered: a page of JSON, or the whole statement.

use poem::{Body, IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::{IsObjectType, ParseFromJSON, ToJSON, Type},
};

use crate::http::paging::Page;

const CSV: &str = "text/csv; charset=utf-8";

/// The ledger, in either form.
pub(super) enum Ledger<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// A page of it.
    Page(Page<T>),
    /// All of it.
    Statement(Body),
}

impl<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> IntoResponse for Ledger<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => Json(page).into_response(),
            Self::Statement(body) => Response::builder()
                .content_type(CSV)
                .header(header::CONTENT_DISPOSITION, "attachment; filename=\"credits.csv\"")
                .body(body),
        }
    }
}

impl<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> ApiResponse for Ledger<T> {
    fn meta() -> MetaResponses {
        let page = MetaMediaType { content_type: Json::<Page<T>>::CONTENT_TYPE, schema: Json::<Page<T>>::schema_ref() };
        let csv = MetaMediaType {
            content_type: "text/csv",
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary"))),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "A page of the ledger, or all of it.",
                status: Some(200),
                status_range: None,
                content: vec![page, csv],
                headers: Vec::new(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        Page::<T>::register(registry);
    }
}

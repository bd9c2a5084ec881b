//! The first page of an invoice as an answer: a picture of our own making, which every browser shows.

use bytes::Bytes;
use entity::link;
use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::{Binary, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
};

use crate::{Api, Problem};

/// The picture.
#[derive(Debug)]
pub(crate) struct FirstPage(Bytes);

impl FirstPage {
    /// Of the link's invoice; none for an invoice that could not be drawn, or was erased.
    pub(crate) async fn of(api: &Api, link: &link::Model) -> Result<Self, Problem> {
        let picture = link.document_picture.as_deref().ok_or_else(Problem::not_found)?;
        Ok(Self(api.documents.get(picture).await?))
    }
}

impl IntoResponse for FirstPage {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type("image/png")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CACHE_CONTROL, "private, no-store")
            .body(self.0)
    }
}

impl ApiResponse for FirstPage {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The picture.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: "image/png",
                    schema: <Binary<Vec<u8>> as Payload>::schema_ref(),
                }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

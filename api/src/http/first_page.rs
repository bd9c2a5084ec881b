//! Serves the first page of an invoice as a picture that we rendered, which every browser can show.

use entity::link;
use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::{Binary, Payload},
    registry::{MetaResponses, Registry},
};

use super::{content::BinaryBody, described::answers_with};
use crate::{Api, Problem};

/// The response.
#[derive(Debug)]
pub(crate) struct FirstPage(BinaryBody);

impl FirstPage {
    /// The first page of the link's invoice, unless it could not be rendered or was erased.
    pub(crate) async fn of(api: &Api, link: &link::Model) -> Result<Self, Problem> {
        let picture = link.document_picture.as_deref().ok_or_else(Problem::not_found)?;
        Ok(Self(api.documents.read(picture).await?.into()))
    }
}

impl IntoResponse for FirstPage {
    fn into_response(self) -> Response {
        let response = Response::builder()
            .content_type("image/png")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CACHE_CONTROL, "private, no-store");
        self.0.answered_with(response)
    }
}

impl ApiResponse for FirstPage {
    fn meta() -> MetaResponses {
        answers_with("The picture.", "image/png", <Binary<Vec<u8>> as Payload>::schema_ref())
    }

    fn register(_: &mut Registry) {}
}

//! Serves a picture that a buyer sent: browsers show it, but never run it in our origin.

use entity::{Picture, picture::PictureState};
use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::{Binary, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
};

use super::content::BinaryBody;
use crate::{Api, Problem};

/// The types of pictures, determined from their bytes.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The response.
#[derive(Debug)]
pub(crate) struct ReceivedPicture {
    content: BinaryBody,
    content_type: &'static str,
}

impl ReceivedPicture {
    /// The picture, if it is in the store.
    pub(crate) async fn of(api: &Api, picture: &Picture) -> Result<Self, Problem> {
        let content_type = TYPES.into_iter().find(|known| *known == picture.content_type);
        match content_type {
            Some(content_type) if picture.state == PictureState::Stored => {
                Ok(Self { content: api.documents.read(&picture.document()).await?.into(), content_type })
            }
            Some(_) | None => Err(Problem::not_found()),
        }
    }
}

impl IntoResponse for ReceivedPicture {
    fn into_response(self) -> Response {
        let response = Response::builder()
            .content_type(self.content_type)
            .header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CACHE_CONTROL, "private, no-store");
        self.content.answered_with(response)
    }
}

impl ApiResponse for ReceivedPicture {
    fn meta() -> MetaResponses {
        let media = |content_type| MetaMediaType { content_type, schema: <Binary<Vec<u8>> as Payload>::schema_ref() };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The picture.",
                status: Some(200),
                status_range: None,
                content: TYPES.into_iter().map(media).collect(),
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

//! Pictures, as request bodies and as responses.

use bytes::Bytes;
use entity::logo::{self, Logo, PictureType};
use poem::{
    IntoResponse, Request, RequestBody, Response,
    error::ReadBodyError,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions,
    error::ContentTypeError,
    payload::{Binary, Payload},
    registry::{MetaMediaType, MetaRequest, MetaResponses, Registry},
};

use super::{described::answers_with_any, hex::hex};
use crate::Problem;

fn media() -> Vec<MetaMediaType> {
    let media = |content_type: &PictureType| MetaMediaType {
        content_type: content_type.as_str(),
        schema: <Binary<Vec<u8>> as Payload>::schema_ref(),
    };
    PictureType::ALL.iter().map(media).collect()
}

/// An uploaded picture, at most as large as a logo. Its format is checked elsewhere.
pub(crate) struct PictureUpload(pub(crate) Vec<u8>);

impl<'a> ApiExtractor<'a> for PictureUpload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest { description: None, content: media(), required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let sent = request.content_type().ok_or(ContentTypeError::ExpectContentType)?;
        if !PictureType::ALL.iter().any(|known| known.as_str() == sent) {
            return Err(ContentTypeError::NotSupported { content_type: sent.to_owned() }.into());
        }
        let read = body.take()?.into_bytes_limit(logo::MAX_BYTES).await;
        let bytes = read.map_err(|error| match error {
            ReadBodyError::PayloadTooLarge => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The picture is larger than 64 KiB.")
            }
            other => Problem::malformed(other.to_string()),
        })?;
        Ok(Self(bytes.to_vec()))
    }
}

/// A logo as a response: displayed by browsers, but never run in our origin.
#[derive(Debug)]
pub(crate) struct PictureResponse(Logo);

impl PictureResponse {
    /// The response with this logo.
    pub(crate) const fn of(logo: Logo) -> Self {
        Self(logo)
    }
}

impl IntoResponse for PictureResponse {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(self.0.content_type.as_str())
            .header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CACHE_CONTROL, "private, max-age=300")
            .header(header::ETAG, format!("\"{}\"", hex(&self.0.sha256)))
            .body(Bytes::from(self.0.content))
    }
}

impl ApiResponse for PictureResponse {
    fn meta() -> MetaResponses {
        answers_with_any("The picture.", media())
    }

    fn register(_: &mut Registry) {}
}

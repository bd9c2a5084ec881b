//! Binary responses: generated on the spot, or streamed from the store.

use bytes::Bytes;
use entity::Reading;
use poem::{Body, Response, ResponseBuilder, http::header};

/// The body of a binary response; see the module.
#[derive(Debug)]
pub(crate) struct BinaryBody {
    length: u64,
    body: Body,
}

impl From<Bytes> for BinaryBody {
    fn from(bytes: Bytes) -> Self {
        Self { length: bytes.len() as u64, body: Body::from_bytes(bytes) }
    }
}

impl From<Reading> for BinaryBody {
    fn from(reading: Reading) -> Self {
        Self { length: reading.length(), body: Body::from_bytes_stream(reading.into_pieces()) }
    }
}

impl BinaryBody {
    /// The response with this content and its length.
    pub(crate) fn answered_with(self, response: ResponseBuilder) -> Response {
        response.header(header::CONTENT_LENGTH, self.length).body(self.body)
    }
}

//! Strict JSON bodies: an amount is a string, not a number, and errors name the field.
//!
//! The body must match its description in `/openapi.json`. It is deserialized by serde, because poem-openapi accepts
//! numbers and booleans where strings are described.

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;

use crate::{Problem, description, http::characters};

#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

/// An optional JSON body with its content type; the default value without one.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

fn described<T: Type>(required: bool) -> MetaRequest {
    MetaRequest {
        description: None,
        content: vec![MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: Json::<T>::schema_ref() }],
        required,
    }
}

fn read<T: Type + DeserializeOwned>(request: &Request, bytes: &[u8]) -> poem::Result<T> {
    let sent = request.content_type().ok_or(ContentTypeError::ExpectContentType)?;
    if !Json::<T>::check_content_type(sent) {
        return Err(ContentTypeError::NotSupported { content_type: sent.to_owned() }.into());
    }
    let sent = serde_json::from_slice(bytes).map_err(|error| Problem::malformed(error.to_string()))?;
    characters::check_json(&sent)?;
    description::check_body(request, &sent)?;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        Problem::unreadable_field(&path, error.into_inner().to_string())
    })?;
    json.end().map_err(|error| Problem::malformed(error.to_string()))?;
    Ok(read)
}

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(described::<T>(true))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        read(request, &bytes).map(Self)
    }
}

impl<'a, T: Type + DeserializeOwned + Default> ApiExtractor<'a> for OptionalJson<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(described::<T>(false))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { read(request, &bytes).map(Self) }
    }
}

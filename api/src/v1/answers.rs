//! Responses shared by many calls.

use poem_openapi::{ApiResponse, payload::Json, types::ToJSON};

/// The resource was created.
#[derive(ApiResponse)]
pub(super) enum Created<T: ToJSON> {
    /// The resource was created.
    #[oai(status = 201)]
    Created(Json<T>),
}

/// Success, without a body.
#[derive(ApiResponse)]
pub(super) enum NoContent {
    /// Success.
    #[oai(status = 204)]
    NoContent,
}

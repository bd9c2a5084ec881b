//! Responses shared by many calls.

use poem_openapi::{ApiResponse, payload::Json, types::ToJSON};

/// It exists now.
#[derive(ApiResponse)]
pub(super) enum Created<T: ToJSON> {
    /// It exists now.
    #[oai(status = 201)]
    Created(Json<T>),
}

/// It is done, and there is nothing to say.
#[derive(ApiResponse)]
pub(super) enum NoContent {
    /// It is done.
    #[oai(status = 204)]
    NoContent,
}

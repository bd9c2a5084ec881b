//! Columns of text that hold JSON.

use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};

/// A value as the column holds it.
///
/// # Errors
/// Returns an error if the value has no form in JSON.
pub fn stored_json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// The value that a column holds.
///
/// # Errors
/// Returns an error if the stored JSON is damaged.
pub(crate) fn read_json<T: DeserializeOwned>(stored: &str) -> Result<T, DbErr> {
    serde_json::from_str(stored).map_err(|error| DbErr::Json(error.to_string()))
}

//! Columns of text that hold JSON.

use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};

/// Serializes a value for its column.
///
/// # Errors
/// Returns an error if the value has no JSON form.
pub fn stored_json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// Parses the value of a column.
///
/// # Errors
/// Returns an error if the stored JSON is damaged.
pub(crate) fn read_json<T: DeserializeOwned>(stored: &str) -> Result<T, DbErr> {
    serde_json::from_str(stored).map_err(|error| DbErr::Json(error.to_string()))
}

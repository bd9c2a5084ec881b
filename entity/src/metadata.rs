//! Metadata that a merchant's software attaches to a row: a JSON object of strings in one column.

use std::collections::BTreeMap;

use sea_orm::DbErr;

/// How it is stored.
///
/// # Errors
/// Never: texts are JSON.
pub fn stored_metadata(metadata: &BTreeMap<String, String>) -> Result<String, DbErr> {
    serde_json::to_string(metadata).map_err(|error| DbErr::Json(error.to_string()))
}

/// What was stored.
///
/// # Errors
/// When it is damaged.
pub(crate) fn read_metadata(stored: &str) -> Result<BTreeMap<String, String>, DbErr> {
    serde_json::from_str(stored).map_err(|error| DbErr::Json(error.to_string()))
}

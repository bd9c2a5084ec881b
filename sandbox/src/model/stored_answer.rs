//! Responses stored for idempotency keys.

use serde::{Deserialize, Serialize};

use super::table::Row;
use crate::clock::Moment;

/// The response stored for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredAnswer {
    /// Account, mode and key.
    pub(crate) id: String,
    pub(crate) path: String,
    /// The parameters, sorted, because their order does not matter.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The id of the request that was answered first.
    pub(crate) request_id: Option<String>,
    pub(crate) at: Moment,
}

impl Row for StoredAnswer {
    fn id(&self) -> &str {
        &self.id
    }
}

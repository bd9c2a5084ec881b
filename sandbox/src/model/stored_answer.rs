//! An answer stored under an idempotency key.

use serde::{Deserialize, Serialize};

use super::table::Row;
use crate::clock::Moment;

/// What was answered under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredAnswer {
    /// Account, mode and key.
    pub(crate) id: String,
    pub(crate) path: String,
    /// The parameters, sorted: their order does not matter.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The request that was answered first.
    pub(crate) request_id: Option<String>,
    pub(crate) at: Moment,
}

impl Row for StoredAnswer {
    fn id(&self) -> &str {
        &self.id
    }
}

//! The event: what Stripe reports of what happened.

use serde::{Deserialize, Serialize};

use super::{scope::StripeScope, table::Row};
use crate::clock::Moment;

/// Something that happened, as Stripe reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) scope: StripeScope,
    /// Such as `checkout.session.completed`.
    pub(crate) kind: String,
    /// The JSON that is delivered, byte for byte the same at each attempt.
    pub(crate) body: String,
    pub(crate) created_at: Moment,
}

impl Row for Event {
    fn id(&self) -> &str {
        &self.id
    }
}

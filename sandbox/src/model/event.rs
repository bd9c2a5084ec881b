//! Stripe's events.

use serde::{Deserialize, Serialize};

use super::{scope::StripeScope, table::Row};
use crate::clock::Moment;

/// Something that happened, as reported by Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) scope: StripeScope,
    /// The type, such as `checkout.session.completed`.
    pub(crate) kind: String,
    /// The JSON body, identical byte for byte in every attempt.
    pub(crate) body: String,
    pub(crate) created_at: Moment,
}

impl Row for Event {
    fn id(&self) -> &str {
        &self.id
    }
}

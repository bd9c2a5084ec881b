//! Whom the sandbox stands in for.

use serde::{Deserialize, Serialize};

/// One of the two services that the sandbox stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Service {
    Stripe,
    Sms,
}

impl Service {
    /// The path below which the service lives.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Stripe => "/stripe",
            Self::Sms => "/sms",
        }
    }
}

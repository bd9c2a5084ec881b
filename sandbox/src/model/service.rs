//! The services that the sandbox imitates.

use serde::{Deserialize, Serialize};

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Service {
    Stripe,
    Sms,
}

impl Service {
    /// The path prefix of the service.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Stripe => "/stripe",
            Self::Sms => "/sms",
        }
    }
}

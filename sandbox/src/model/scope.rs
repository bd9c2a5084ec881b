//! The owner of objects.

use serde::{Deserialize, Serialize};

use crate::options::StripeKey;

/// An account and its mode. Objects of another scope are invisible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StripeScope {
    pub(crate) account: String,
    pub(crate) livemode: bool,
}

impl From<&StripeKey> for StripeScope {
    fn from(key: &StripeKey) -> Self {
        Self { account: key.account.clone(), livemode: key.livemode }
    }
}

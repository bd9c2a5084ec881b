//! Whose the objects are.

use serde::{Deserialize, Serialize};

use crate::options::StripeKey;

/// An account in one of its modes. Objects of another scope are as if they did not exist.
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

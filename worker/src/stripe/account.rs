//! `/v1/account`: the account of a key.

use serde::Deserialize;

use super::{Stripe, StripeError};

/// The account, parsed leniently.
#[derive(Debug, Deserialize)]
struct StripeAccount {
    id: String,
    #[serde(default)]
    business_profile: Option<BusinessProfile>,
    #[serde(default)]
    settings: Option<AccountSettings>,
}

#[derive(Debug, Deserialize)]
struct BusinessProfile {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AccountSettings {
    dashboard: Option<Dashboard>,
}

#[derive(Debug, Deserialize)]
struct Dashboard {
    display_name: Option<String>,
}

impl Stripe {
    /// The account's id, and its name if it has one, as shown to the merchant.
    pub(crate) async fn account(&self) -> Result<String, StripeError> {
        let account: StripeAccount = self.get("account", &[]).await?.body;
        let dashboard = account.settings.and_then(|settings| settings.dashboard?.display_name);
        let name = dashboard.or_else(|| account.business_profile?.name).filter(|name| !name.is_empty());
        Ok(match name {
            Some(name) => format!("{} ({name})", account.id),
            None => account.id,
        })
    }
}

//! `/v1/checkout/sessions`: the buyer's open and completed sessions.

use std::collections::HashMap;

use serde::{Deserialize, de::IgnoredAny};

use super::{Stripe, StripeError, StripeList, StripeResponse, stored};

/// A checkout session, parsed leniently: only the fields that we use.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Session {
    #[serde(deserialize_with = "stored::word")]
    pub(crate) id: String,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) payment_link: Option<String>,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) payment_intent: Option<String>,
    pub(crate) payment_status: Option<PaymentStatus>,
    pub(crate) amount_total: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) livemode: Option<bool>,
    #[serde(default)]
    pub(crate) metadata: Option<HashMap<String, String>>,
}

/// Whether the money has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Paid,
    Unpaid,
    NoPaymentRequired,
    #[serde(other)]
    Unknown,
}

/// The status of the sessions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionStatus {
    /// A buyer has it open and can pay.
    Open,
    /// A buyer has completed it.
    Complete,
}

impl SessionStatus {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
        }
    }
}

impl Stripe {
    /// The newest hundred sessions of a payment link in this status.
    pub(crate) async fn sessions(
        &self,
        payment_link: &str,
        status: SessionStatus,
    ) -> Result<StripeResponse<Vec<Session>>, StripeError> {
        let query = [("payment_link", payment_link), ("status", status.as_str()), ("limit", "100")];
        let list: StripeResponse<StripeList<Session>> = self.get("checkout/sessions", &query).await?;
        Ok(list.map(|list| list.data))
    }

    /// Expires an open session, so that it can no longer be paid.
    pub(crate) async fn expire_session(&self, id: &str) -> Result<StripeResponse<()>, StripeError> {
        let expired: StripeResponse<IgnoredAny> =
            self.post(&format!("checkout/sessions/{id}/expire"), &[], None).await?;
        Ok(expired.map(|_| ()))
    }
}

//! `/v1/checkout/sessions`: what a buyer has open, or has paid.

use std::collections::HashMap;

use serde::{Deserialize, de::IgnoredAny};

use super::{List, Stripe, StripeError};

/// A checkout session. Read leniently: only what we act on.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) payment_link: Option<String>,
    pub(crate) payment_intent: Option<String>,
    pub(crate) payment_status: Option<PaymentStatus>,
    pub(crate) amount_total: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) livemode: Option<bool>,
    #[serde(default)]
    pub(crate) metadata: Option<HashMap<String, String>>,
}

/// Whether the money has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Paid,
    Unpaid,
    NoPaymentRequired,
    #[serde(other)]
    Unknown,
}

impl Stripe {
    /// The sessions of a payment link in this status: `open` or `complete`.
    pub(crate) async fn sessions(&self, payment_link: &str, status: &str) -> Result<Vec<Session>, StripeError> {
        let query = [("payment_link", payment_link), ("status", status), ("limit", "100")];
        let list: List<Session> = self.get("checkout/sessions", &query).await?;
        Ok(list.data)
    }

    /// Expires an open session: whoever has it open can no longer pay.
    pub(crate) async fn expire_session(&self, id: &str) -> Result<(), StripeError> {
        let _: IgnoredAny = self.post(&format!("checkout/sessions/{id}/expire"), &[], None).await?;
        Ok(())
    }
}

//! `/v1/payment_intents`: the state of a payment that settles later.

use serde::Deserialize;

use super::{Answer, Stripe, StripeError};

#[derive(Debug, Deserialize)]
struct PaymentIntent {
    status: IntentStatus,
}

/// Where a payment stands, as far as it means something to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
    /// The money has come.
    Succeeded,
    /// The money did not come.
    RequiresPaymentMethod,
    /// It will not come.
    Canceled,
    /// The bank has not said, or a word that we do not know.
    #[serde(other)]
    UnderWay,
}

impl Stripe {
    /// Where a payment stands.
    pub(crate) async fn intent_status(&self, id: &str) -> Result<Answer<IntentStatus>, StripeError> {
        let intent: Answer<PaymentIntent> = self.get(&format!("payment_intents/{id}"), &[]).await?;
        Ok(intent.map(|intent| intent.status))
    }
}

//! `/v1/payment_intents`: the state of a payment that settles later.

use serde::Deserialize;

use super::{Stripe, StripeError, StripeResponse};

#[derive(Debug, Deserialize)]
struct PaymentIntent {
    status: IntentStatus,
}

/// The state of a payment, as far as it is relevant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
    /// The money has arrived.
    Succeeded,
    /// The payment failed.
    RequiresPaymentMethod,
    /// The payment was cancelled.
    Canceled,
    /// The payment is pending, or has an unknown state.
    #[serde(other)]
    UnderWay,
}

impl Stripe {
    /// The state of a payment.
    pub(crate) async fn intent_status(&self, id: &str) -> Result<StripeResponse<IntentStatus>, StripeError> {
        let intent: StripeResponse<PaymentIntent> = self.get(&format!("payment_intents/{id}"), &[]).await?;
        Ok(intent.map(|intent| intent.status))
    }
}

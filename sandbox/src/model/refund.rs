//! Refunds.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{scope::StripeScope, table::Row};
use crate::clock::Moment;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Pending,
    RequiresAction,
    #[default]
    Succeeded,
    Failed,
    Canceled,
}

impl RefundStatus {
    /// Whether the refund did not happen, so that the merchant keeps the money.
    pub(crate) const fn is_off(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refund {
    /// `re_…`.
    pub(crate) id: String,
    /// The payment intent's id.
    pub(crate) payment: String,
    pub(crate) charge: String,
    pub(crate) scope: StripeScope,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) status: RefundStatus,
    pub(crate) created_at: Moment,
}

impl Row for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Refund {
    /// The representation in the API.
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": null,
            "charge": self.charge,
            "created": self.created_at.timestamp(),
            "currency": self.currency,
            "failure_reason": (self.status == RefundStatus::Failed).then_some("lost_or_stolen_card"),
            "metadata": {},
            "payment_intent": self.payment,
            "reason": null,
            "receipt_number": null,
            "status": self.status,
        })
    }
}

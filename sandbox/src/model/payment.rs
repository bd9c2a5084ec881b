//! Payments: a payment intent with its charge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::Moment,
    model::{scope::StripeScope, table::Row},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentState {
    /// The bank has not decided yet.
    Processing,
    Succeeded,
    Failed,
}

/// A payment intent and its only charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payment {
    /// The payment intent's id, `pi_…`.
    pub(crate) id: String,
    /// The charge's id, `ch_…`.
    pub(crate) charge: String,
    pub(crate) scope: StripeScope,
    pub(crate) state: IntentState,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// The amount refunded.
    pub(crate) refunded: i64,
    pub(crate) disputed: bool,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) created_at: Moment,
}

impl Row for Payment {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Payment {
    /// The payment intent in the API.
    pub(crate) fn intent(&self) -> Value {
        let (status, received, charge) = match self.state {
            IntentState::Processing => ("processing", 0, None),
            IntentState::Succeeded => ("succeeded", self.amount, Some(&self.charge)),
            IntentState::Failed => ("requires_payment_method", 0, None),
        };
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": 0,
            "amount_received": received,
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "created": self.created_at.timestamp(),
            "currency": self.currency,
            "customer": null,
            "description": null,
            "latest_charge": charge,
            "livemode": self.scope.livemode,
            "metadata": self.metadata,
            "payment_method_types": ["card"],
            "receipt_email": null,
            "status": status,
        })
    }

    /// The charge in the API.
    pub(crate) fn charge(&self) -> Value {
        let succeeded = self.state == IntentState::Succeeded;
        json!({
            "id": self.charge,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": if succeeded { self.amount } else { 0 },
            "amount_refunded": self.refunded,
            "balance_transaction": null,
            "captured": succeeded,
            "created": self.created_at.timestamp(),
            "currency": self.currency,
            "customer": null,
            "description": null,
            "disputed": self.disputed,
            "livemode": self.scope.livemode,
            "metadata": self.metadata,
            "paid": succeeded,
            "payment_intent": self.id,
            "receipt_email": null,
            "refunded": self.refunded == self.amount,
            "status": if succeeded { "succeeded" } else { "pending" },
        })
    }
}

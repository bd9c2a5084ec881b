//! Checkout sessions: each opening of a payment link's page creates one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::Moment,
    model::{scope::StripeScope, table::Row},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

impl SessionStatus {
    /// Stripe's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

/// A checkout session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) scope: StripeScope,
    /// The id of its payment link.
    pub(crate) link: String,
    pub(crate) status: SessionStatus,
    /// Whether the money has arrived. A completed session may still be waiting for it.
    pub(crate) paid: bool,
    /// The id of the payment intent, once the buyer has submitted.
    pub(crate) payment: Option<String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) payment_method_types: Vec<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) success_url: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) expires_at: Moment,
}

impl Row for Session {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Session {
    /// When it expires automatically.
    pub(crate) fn expires_by_itself_at(&self) -> Option<Moment> {
        match self.status {
            SessionStatus::Open => Some(self.expires_at),
            SessionStatus::Complete | SessionStatus::Expired => None,
        }
    }

    /// The representation in the API, without fields that never apply to a payment link with one item. `page` is the
    /// URL of its page.
    pub(crate) fn view(&self, page: &str) -> Value {
        let open = self.status == SessionStatus::Open;
        json!({
            "id": self.id,
            "object": "checkout.session",
            "amount_subtotal": self.amount,
            "amount_total": self.amount,
            "automatic_tax": { "enabled": false, "liability": null, "status": null },
            "cancel_url": null,
            "client_reference_id": null,
            "created": self.created_at.timestamp(),
            "currency": self.currency,
            "customer": null,
            "customer_creation": "if_required",
            "customer_details": self.customer_details(),
            "customer_email": null,
            "expires_at": self.expires_at.timestamp(),
            "livemode": self.scope.livemode,
            "metadata": self.metadata,
            "mode": "payment",
            "payment_intent": self.payment,
            "payment_link": self.link,
            "payment_method_types": self.payment_method_types,
            "payment_status": if self.paid { "paid" } else { "unpaid" },
            "status": self.status.name(),
            "subscription": null,
            "success_url": self.success_url,
            "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
            "ui_mode": "hosted",
            "url": open.then_some(page),
        })
    }

    fn customer_details(&self) -> Value {
        match self.status {
            SessionStatus::Complete => {
                json!({ "address": null, "email": "buyer@example.com", "name": null,
                                               "phone": null, "tax_exempt": "none", "tax_ids": [] })
            }
            SessionStatus::Open | SessionStatus::Expired => Value::Null,
        }
    }
}

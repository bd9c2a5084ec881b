//! Payment links.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::Moment,
    model::{scope::StripeScope, table::Row},
};

/// A payment link with a single line item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PaymentLink {
    pub(crate) id: String,
    pub(crate) scope: StripeScope,
    /// The last part of its URL.
    pub(crate) slug: String,
    pub(crate) active: bool,
    pub(crate) currency: String,
    /// In Stripe's unit.
    pub(crate) unit_amount: i64,
    pub(crate) quantity: i64,
    pub(crate) product_name: String,
    /// The most checkout sessions that may be completed.
    pub(crate) limit: Option<i64>,
    /// How many were completed.
    pub(crate) completed: i64,
    pub(crate) payment_method_types: Vec<String>,
    pub(crate) inactive_message: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) intent_metadata: BTreeMap<String, String>,
    /// Whether it only holds the item of a checkout session created without a link. It is never shown.
    #[serde(default)]
    pub(crate) of_session: bool,
    /// Where buyers go after the payment; Stripe's own confirmation page if absent.
    pub(crate) redirect_url: Option<String>,
    pub(crate) created_at: Moment,
}

impl Row for PaymentLink {
    fn id(&self) -> &str {
        &self.id
    }
}

impl PaymentLink {
    /// The amount that a buyer pays.
    pub(crate) fn amount(&self) -> i64 {
        self.unit_amount * self.quantity
    }

    /// Whether the limit of payments is reached.
    pub(crate) fn is_used_up(&self) -> bool {
        self.limit.is_some_and(|limit| self.completed >= limit)
    }

    /// Whether it can be opened and paid.
    pub(crate) fn is_live(&self) -> bool {
        self.active && !self.is_used_up()
    }

    /// Its URL, with `base` as the sandbox's address.
    pub(crate) fn url(&self, base: &str) -> String {
        format!("{base}/pay/{}", self.slug)
    }

    /// The representation in the API. As at Stripe, payment links have no `created`.
    pub(crate) fn view(&self, base: &str) -> Value {
        json!({
            "id": self.id,
            "object": "payment_link",
            "active": self.active,
            "after_completion": self.after_completion(),
            "allow_promotion_codes": false,
            "application": null,
            "application_fee_amount": null,
            "application_fee_percent": null,
            "automatic_tax": { "enabled": false, "liability": null },
            "billing_address_collection": "auto",
            "consent_collection": null,
            "currency": self.currency,
            "custom_fields": [],
            "custom_text": { "after_submit": null, "shipping_address": null, "submit": null,
                             "terms_of_service_acceptance": null },
            "customer_creation": "if_required",
            "inactive_message": self.inactive_message,
            "invoice_creation": { "enabled": false, "invoice_data": null },
            "livemode": self.scope.livemode,
            "metadata": self.metadata,
            "on_behalf_of": null,
            "payment_intent_data": { "capture_method": null, "description": null, "metadata": self.intent_metadata,
                                     "setup_future_usage": null, "statement_descriptor": null,
                                     "statement_descriptor_suffix": null, "transfer_group": null },
            "payment_method_collection": "always",
            "payment_method_types": self.payment_method_types,
            "phone_number_collection": { "enabled": false },
            "restrictions": self.restrictions(),
            "shipping_address_collection": null,
            "shipping_options": [],
            "submit_type": "auto",
            "subscription_data": null,
            "tax_id_collection": { "enabled": false, "required": "never" },
            "transfer_data": null,
            "url": self.url(base),
        })
    }

    fn after_completion(&self) -> Value {
        match &self.redirect_url {
            Some(url) => json!({ "type": "redirect", "redirect": { "url": url } }),
            None => {
                json!({ "type": "hosted_confirmation", "hosted_confirmation": { "custom_message": null } })
            }
        }
    }

    fn restrictions(&self) -> Value {
        match self.limit {
            Some(limit) => {
                json!({ "completed_sessions": { "count": self.completed, "limit": limit } })
            }
            None => Value::Null,
        }
    }
}

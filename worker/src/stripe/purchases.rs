//! `/v1/checkout/sessions` in the operator's Stripe account: credit purchases.

use domain::{CreditPurchaseId, MerchantId, Money};
use serde::Deserialize;

use super::{PaymentStatus, Stripe, StripeError, StripeList, StripeResponse};

/// A checkout page to create for a purchase.
#[derive(Debug)]
pub(crate) struct NewPurchase<'a> {
    pub(crate) purchase: CreditPurchaseId,
    pub(crate) merchant: MerchantId,
    pub(crate) price: Money,
    /// The product's name on the page.
    pub(crate) name: &'a str,
    /// Where the buyer goes after paying or cancelling.
    pub(crate) return_url: &'a str,
}

/// The checkout session of a purchase.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PurchaseSession {
    pub(crate) id: String,
    /// Set while it can be paid.
    pub(crate) url: Option<String>,
    pub(crate) status: PageStatus,
    pub(crate) payment_status: PaymentStatus,
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount_total: Option<i64>,
    pub(crate) currency: Option<String>,
}

/// The status of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageStatus {
    Open,
    Complete,
    Expired,
    #[serde(other)]
    Unknown,
}

/// The refunded part of a charge.
#[derive(Debug, Deserialize)]
struct PurchaseCharge {
    amount_refunded: i64,
    disputed: bool,
    currency: String,
}

/// A dispute of a charge.
#[derive(Debug, Deserialize)]
struct PurchaseDispute {
    amount: i64,
    status: DisputeStatus,
    currency: String,
}

/// Whether the bank has the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DisputeStatus {
    NeedsResponse,
    UnderReview,
    Lost,
    /// An inquiry, or a dispute that was won or prevented: the operator has the money.
    #[serde(other)]
    NotTaken,
}

impl Stripe {
    /// Creates the page on which a purchase is paid, valid for a day. The same key returns the same page.
    pub(crate) async fn create_purchase_session(
        &self,
        new: &NewPurchase<'_>,
        idempotency_key: &str,
    ) -> Result<StripeResponse<PurchaseSession>, StripeError> {
        let (amount, currency) = (new.price.to_stripe_amount().to_string(), new.price.currency());
        let (purchase, merchant) = (new.purchase.to_string(), new.merchant.to_string());
        let form = [
            ("mode", "payment"),
            ("line_items[0][price_data][currency]", currency.as_str()),
            ("line_items[0][price_data][unit_amount]", &amount),
            ("line_items[0][price_data][product_data][name]", new.name),
            ("line_items[0][quantity]", "1"),
            ("client_reference_id", &purchase),
            ("metadata[paylink_credit_purchase]", &purchase),
            ("metadata[paylink_merchant]", &merchant),
            ("payment_intent_data[metadata][paylink_credit_purchase]", &purchase),
            ("payment_intent_data[metadata][paylink_merchant]", &merchant),
            ("success_url", new.return_url),
            ("cancel_url", new.return_url),
        ];
        self.post("checkout/sessions", &form, Some(idempotency_key)).await
    }

    /// The current state of a purchase's session.
    pub(crate) async fn purchase_session(&self, id: &str) -> Result<PurchaseSession, StripeError> {
        Ok(self.get(&format!("checkout/sessions/{id}"), &[]).await?.body)
    }

    /// How much of a payment in this currency was returned by refunds and disputes. An amount in another currency
    /// counts as everything.
    pub(crate) async fn returned(&self, payment: &str, currency: &str) -> Result<i64, StripeError> {
        let counted = |amount: i64, of: &str| if of == currency || amount == 0 { amount } else { i64::MAX };
        let query = [("payment_intent", payment), ("limit", "100")];
        let charges: StripeList<PurchaseCharge> = self.get("charges", &query).await?.body;
        let refunded = charges.data.iter().map(|charge| counted(charge.amount_refunded, &charge.currency));
        let refunded = refunded.fold(0, i64::saturating_add);
        if !charges.data.iter().any(|charge| charge.disputed) {
            return Ok(refunded);
        }
        let disputes: StripeList<PurchaseDispute> = self.get("disputes", &query).await?.body;
        let taken = disputes.data.iter().filter(|dispute| dispute.status != DisputeStatus::NotTaken);
        Ok(taken.map(|dispute| counted(dispute.amount, &dispute.currency)).fold(refunded, i64::saturating_add))
    }
}

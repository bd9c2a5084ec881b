//! `/v1/payment_links`.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{LinkId, MerchantId, Money};
use serde::{Deserialize, de::IgnoredAny};

use super::{List, Stripe, StripeError};

/// The metadata that says which of our links it is.
pub(crate) const METADATA_LINK: &str = "paylink_link";
const METADATA_MERCHANT: &str = "paylink_merchant";

/// Pages of 100 links that a look-up reads at most.
const MOST_PAGES: usize = 50;

/// A payment link at Stripe.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PaymentLink {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) livemode: bool,
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    created: Option<i64>,
}

/// What a payment link is to be.
#[derive(Debug)]
pub(crate) struct NewPaymentLink<'a> {
    pub(crate) link: LinkId,
    pub(crate) merchant: MerchantId,
    pub(crate) money: Money,
    /// What the buyer reads beside the amount.
    pub(crate) name: &'a str,
    /// Where the buyer goes after the payment: our page.
    pub(crate) return_url: &'a str,
}

impl Stripe {
    /// Makes a payment link that can be paid once. The same key gives the same link.
    pub(crate) async fn create_payment_link(
        &self,
        new: &NewPaymentLink<'_>,
        idempotency_key: &str,
    ) -> Result<PaymentLink, StripeError> {
        let amount = new.money.to_stripe_amount().to_string();
        let (link, merchant) = (new.link.to_string(), new.merchant.to_string());
        let currency = new.money.currency();
        let form = [
            ("line_items[0][price_data][currency]", currency.as_str()),
            ("line_items[0][price_data][unit_amount]", &amount),
            ("line_items[0][price_data][product_data][name]", new.name),
            ("line_items[0][quantity]", "1"),
            ("restrictions[completed_sessions][limit]", "1"),
            ("payment_method_types[0]", "card"),
            ("inactive_message", "This invoice can no longer be paid here."),
            ("metadata[paylink_link]", &link),
            ("metadata[paylink_merchant]", &merchant),
            ("payment_intent_data[metadata][paylink_link]", &link),
            ("payment_intent_data[metadata][paylink_merchant]", &merchant),
            ("after_completion[type]", "redirect"),
            ("after_completion[redirect][url]", new.return_url),
        ];
        self.post("payment_links", &form, Some(idempotency_key)).await
    }

    /// Looks for the link that an unanswered call may have made. There is no search by metadata, so the list is read, newest
    /// first, back to the time before which it cannot have been made.
    pub(crate) async fn find_payment_link(
        &self,
        merchant: MerchantId,
        link: LinkId,
        not_before: DateTime<Utc>,
    ) -> Result<Option<PaymentLink>, StripeError> {
        let (link, merchant) = (link.to_string(), merchant.to_string());
        let earliest = (not_before - TimeDelta::minutes(10)).timestamp();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("limit", "100")];
            if let Some(after) = &after {
                query.push(("starting_after", after));
            }
            let page: List<PaymentLink> = self.get("payment_links", &query).await?;
            let ours = |candidate: &&PaymentLink| {
                candidate.metadata.get(METADATA_LINK) == Some(&link)
                    && candidate.metadata.get(METADATA_MERCHANT) == Some(&merchant)
            };
            if let Some(found) = page.data.iter().find(ours) {
                return Ok(Some(found.clone()));
            }
            let Some(last) = page.data.last() else { break };
            if !page.has_more || last.created.is_some_and(|created| created < earliest) {
                break;
            }
            after = Some(last.id.clone());
        }
        Ok(None)
    }

    /// Makes a link inactive: nobody can open it to pay.
    pub(crate) async fn deactivate_payment_link(&self, id: &str) -> Result<(), StripeError> {
        let _: IgnoredAny = self.post(&format!("payment_links/{id}"), &[("active", "false")], None).await?;
        Ok(())
    }

    /// Whether Stripe takes the key. Restricted keys may not read `/v1/account`, but must be able to do this.
    pub(crate) async fn check_key(&self) -> Result<(), StripeError> {
        let _: IgnoredAny = self.get("payment_links", &[("limit", "1")]).await?;
        Ok(())
    }
}

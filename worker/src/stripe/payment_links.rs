//! `/v1/payment_links`.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{LinkId, MerchantId, Money, PaymentMethods};
use serde::{Deserialize, de::IgnoredAny};

use super::{Stripe, StripeError, StripeList, StripeResponse};

/// The metadata key for our link's id.
pub(crate) const METADATA_LINK: &str = "paylink_link";
const METADATA_MERCHANT: &str = "paylink_merchant";

/// The most pages of 100 links that a lookup reads.
const MOST_PAGES: usize = 200;

/// The longest time between a link's acceptance and its creation at Stripe, with a margin.
const LATEST_MAKING: TimeDelta = TimeDelta::days(3);

/// A payment link at Stripe.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PaymentLink {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) livemode: bool,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

impl PaymentLink {
    /// The link of ours that it was created for, if any.
    fn made_for(&self) -> Option<LinkId> {
        self.metadata.get(METADATA_LINK)?.parse().ok()
    }
}

/// A page of a merchant's payment links.
#[derive(Debug)]
pub(crate) struct LinksPage {
    /// Those that were created for a link of ours, each with that link, newest first.
    pub(crate) ours: Vec<(LinkId, PaymentLink)>,
    /// The link that the next page follows, if there is one.
    pub(crate) next: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LineItem {
    pub(crate) description: Option<String>,
    pub(crate) amount_total: i64,
    pub(crate) currency: String,
}

/// A payment link to create.
#[derive(Debug)]
pub(crate) struct NewPaymentLink<'a> {
    pub(crate) link: LinkId,
    pub(crate) merchant: MerchantId,
    pub(crate) money: Money,
    /// The name next to the amount on the payment page.
    pub(crate) name: &'a str,
    /// Where the buyer goes after the payment: our page.
    pub(crate) return_url: &'a str,
    /// The accepted payment methods.
    pub(crate) methods: &'a PaymentMethods,
}

impl Stripe {
    /// Creates a payment link that can be paid once. The same key returns the same link.
    pub(crate) async fn create_payment_link(
        &self,
        new: &NewPaymentLink<'_>,
        idempotency_key: &str,
    ) -> Result<StripeResponse<PaymentLink>, StripeError> {
        let amount = new.money.to_stripe_amount().to_string();
        let (link, merchant) = (new.link.to_string(), new.merchant.to_string());
        let currency = new.money.currency();
        let names: Vec<String> =
            (0..new.methods.named().len()).map(|index| format!("payment_method_types[{index}]")).collect();
        let methods = names.iter().map(String::as_str).zip(new.methods.named());
        let form = [
            ("line_items[0][price_data][currency]", currency.as_str()),
            ("line_items[0][price_data][unit_amount]", &amount),
            ("line_items[0][price_data][product_data][name]", new.name),
            ("line_items[0][quantity]", "1"),
            ("restrictions[completed_sessions][limit]", "1"),
            ("inactive_message", "This invoice can no longer be paid here."),
            ("metadata[paylink_link]", &link),
            ("metadata[paylink_merchant]", &merchant),
            ("payment_intent_data[metadata][paylink_link]", &link),
            ("payment_intent_data[metadata][paylink_merchant]", &merchant),
            ("after_completion[type]", "redirect"),
            ("after_completion[redirect][url]", new.return_url),
        ];
        // Without any methods, Stripe uses the settings of the merchant's dashboard.
        let form: Vec<_> = form.into_iter().chain(methods).collect();
        self.post("payment_links", &form, Some(idempotency_key)).await
    }

    /// Searches for the link that an unanswered call may have created. Stripe has no search by metadata and its links
    /// have no time, so the list is read, newest first, back to a link of ours that is certainly older. The known,
    /// used-up link `but` and those before it are ignored; the one after it may be paid by now.
    ///
    /// # Errors
    /// Returns [`StripeError::TooMany`] if the list is too long: the result is then unknown, and nothing may be
    /// created.
    pub(crate) async fn find_payment_link(
        &self,
        merchant: MerchantId,
        link: LinkId,
        but: Option<&str>,
    ) -> Result<Option<PaymentLink>, StripeError> {
        let merchant = merchant.to_string();
        let is_ours = |found: &&PaymentLink| {
            found.made_for() == Some(link) && found.metadata.get(METADATA_MERCHANT) == Some(&merchant)
        };
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.links_after(after.as_deref()).await?;
            if let Some(found) = page.data.iter().find(is_ours) {
                return Ok(Some(found.clone()).filter(|found| but.is_none_or(|used_up| found.id != used_up)));
            }
            let Some(last) = page.data.last() else { return Ok(None) };
            let is_older = |made: &PaymentLink| link.created_at().is_some_and(|since| was_made_before(made, since));
            if !page.has_more || page.data.iter().any(is_older) {
                return Ok(None);
            }
            after = Some(last.id.clone());
        }
        Err(StripeError::TooMany)
    }

    /// The merchant's payment links that were created for a link of ours, of the page of 100 that follows the link
    /// `after`. The pages end with one that has a link that is certainly older than `since`.
    pub(crate) async fn payment_links_since(
        &self,
        merchant: MerchantId,
        since: DateTime<Utc>,
        after: Option<&str>,
    ) -> Result<LinksPage, StripeError> {
        let owner = merchant.to_string();
        let page = self.links_after(after).await?;
        let is_last = !page.has_more || page.data.iter().any(|made| was_made_before(made, since));
        let next = page.data.last().filter(|_| !is_last).map(|last| last.id.clone());
        let of_merchant = page.data.into_iter().filter(|made| made.metadata.get(METADATA_MERCHANT) == Some(&owner));
        Ok(LinksPage { ours: of_merchant.filter_map(|made| Some((made.made_for()?, made))).collect(), next })
    }

    async fn links_after(&self, after: Option<&str>) -> Result<StripeList<PaymentLink>, StripeError> {
        let query: Vec<_> =
            [("limit", "100")].into_iter().chain(after.map(|after| ("starting_after", after))).collect();
        Ok(self.get("payment_links", &query).await?.body)
    }

    /// The line item of a link; ours have exactly one.
    pub(crate) async fn line_item(&self, id: &str) -> Result<Option<LineItem>, StripeError> {
        let path = format!("payment_links/{id}/line_items");
        let list: StripeResponse<StripeList<LineItem>> = self.get(&path, &[("limit", "1")]).await?;
        Ok(list.body.data.into_iter().next())
    }

    /// Deactivates a link, so that it cannot be opened for payment. Returns whether it is still active, which it should
    /// not be.
    pub(crate) async fn deactivate_payment_link(&self, id: &str) -> Result<StripeResponse<bool>, StripeError> {
        let after: StripeResponse<ActiveFlag> =
            self.post(&format!("payment_links/{id}"), &[("active", "false")], None).await?;
        Ok(after.map(|after| after.active))
    }

    /// Checks whether Stripe accepts the key. Restricted keys may not read `/v1/account`, but must be able to do this.
    pub(crate) async fn check_key(&self) -> Result<(), StripeError> {
        let _: StripeResponse<IgnoredAny> = self.get("payment_links", &[("limit", "1")]).await?;
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
struct ActiveFlag {
    active: bool,
}

/// Whether a link at Stripe was certainly made before `since`. The ids of our links contain the time of their
/// acceptance.
fn was_made_before(made: &PaymentLink, since: DateTime<Utc>) -> bool {
    made.made_for().and_then(LinkId::created_at).is_some_and(|made| made + LATEST_MAKING < since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_for(link: Option<LinkId>) -> PaymentLink {
        let metadata = link.map(|link| (METADATA_LINK.to_owned(), link.to_string())).into_iter().collect();
        PaymentLink { id: "plink_1".to_owned(), url: String::new(), livemode: false, metadata }
    }

    #[test]
    fn a_look_up_may_stop_only_at_a_link_that_is_older_for_certain() {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        for (earlier, stops) in [(TimeDelta::zero(), false), (TimeDelta::days(2), false), (TimeDelta::days(4), true)] {
            assert_eq!(was_made_before(&made_for(Some(LinkId::new(now - earlier))), now), stops, "{earlier}");
        }
        assert!(!was_made_before(&made_for(None), now), "a link of somebody else has no time");
    }
}

//! `/v1/webhook_endpoints`: our endpoint in a merchant's Stripe account.

use domain::Secret;
use serde::{Deserialize, de::IgnoredAny};

use super::{Answer, List, Stripe, StripeError, VERSION};

/// What we want to hear of: exactly the events that mean something to a link.
const ENABLED_EVENTS: [&str; 13] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_link.updated",
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
];

/// Stripe allows 16 endpoints an account, so that one page holds them all.
const PAGE: &str = "100";

/// A webhook endpoint.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    /// `enabled` or `disabled`.
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) enabled_events: Vec<String>,
    /// Only in the answer that made it.
    pub(crate) secret: Option<Secret>,
}

impl WebhookEndpoint {
    /// Whether Stripe sends anything there.
    pub(crate) fn is_enabled(&self) -> bool {
        self.status == "enabled"
    }

    /// The events that we want to hear of and that it does not send.
    pub(crate) fn missing_events(&self) -> Vec<&'static str> {
        let sent = |event: &&str| self.enabled_events.iter().any(|enabled| enabled == "*" || enabled == *event);
        ENABLED_EVENTS.into_iter().filter(|event| !sent(event)).collect()
    }
}

impl Stripe {
    /// Makes an endpoint. The same key gives the same endpoint, and its secret again.
    pub(crate) async fn create_webhook_endpoint(
        &self,
        url: &str,
        idempotency_key: &str,
    ) -> Result<Answer<WebhookEndpoint>, StripeError> {
        let events = ENABLED_EVENTS.map(|event| ("enabled_events[]", event));
        let form = [&[("url", url), ("description", "Paylink"), ("api_version", VERSION)][..], &events].concat();
        self.post("webhook_endpoints", &form, Some(idempotency_key)).await
    }

    /// Has an endpoint send what it did not send so far; what it sends beside that stays.
    pub(crate) async fn complete_webhook_endpoint(
        &self,
        endpoint: &WebhookEndpoint,
    ) -> Result<WebhookEndpoint, StripeError> {
        let sent = endpoint.enabled_events.iter().map(String::as_str);
        let events: Vec<(&str, &str)> =
            sent.chain(endpoint.missing_events()).map(|event| ("enabled_events[]", event)).collect();
        let path = format!("webhook_endpoints/{}", endpoint.id);
        self.post(&path, &events, None).await.map(|answer: Answer<WebhookEndpoint>| answer.body)
    }

    /// Every endpoint of the account in the key's mode.
    pub(crate) async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StripeError> {
        let list: Answer<List<WebhookEndpoint>> = self.get("webhook_endpoints", &[("limit", PAGE)]).await?;
        Ok(list.body.data)
    }

    /// Removes an endpoint. One that is gone already is no error.
    pub(crate) async fn delete_webhook_endpoint(&self, id: &str) -> Result<(), StripeError> {
        let deleted: Result<Answer<IgnoredAny>, _> = self.delete(&format!("webhook_endpoints/{id}")).await;
        match deleted {
            Ok(_) => Ok(()),
            Err(StripeError::Refused { status: reqwest::StatusCode::NOT_FOUND, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

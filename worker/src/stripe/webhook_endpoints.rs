//! `/v1/webhook_endpoints`: our endpoint in a merchant's Stripe account.

use domain::Secret;
use serde::{Deserialize, de::IgnoredAny};

use super::{Stripe, StripeError, StripeList, StripeResponse, VERSION};

/// Exactly the events that affect a link.
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

/// Stripe allows 16 endpoints per account, so one page holds them all.
const PAGE: &str = "100";

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    /// `enabled` or `disabled`.
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) enabled_events: Vec<String>,
    /// Only in the answer to its creation.
    pub(crate) secret: Option<Secret>,
}

impl WebhookEndpoint {
    /// Whether Stripe sends events there.
    pub(crate) fn is_enabled(&self) -> bool {
        self.status == "enabled"
    }

    /// The events we need that it does not send.
    pub(crate) fn missing_events(&self) -> Vec<&'static str> {
        let sent = |event: &&str| self.enabled_events.iter().any(|enabled| enabled == "*" || enabled == *event);
        ENABLED_EVENTS.into_iter().filter(|event| !sent(event)).collect()
    }
}

impl Stripe {
    /// Creates an endpoint. The same key returns the same endpoint, with its secret.
    pub(crate) async fn create_webhook_endpoint(
        &self,
        url: &str,
        idempotency_key: &str,
    ) -> Result<StripeResponse<WebhookEndpoint>, StripeError> {
        let events = ENABLED_EVENTS.map(|event| ("enabled_events[]", event));
        let form = [&[("url", url), ("description", "Paylink"), ("api_version", VERSION)][..], &events].concat();
        self.post("webhook_endpoints", &form, Some(idempotency_key)).await
    }

    /// Adds the missing events to an endpoint, and keeps the others.
    pub(crate) async fn complete_webhook_endpoint(
        &self,
        endpoint: &WebhookEndpoint,
    ) -> Result<WebhookEndpoint, StripeError> {
        let sent = endpoint.enabled_events.iter().map(String::as_str);
        let events: Vec<(&str, &str)> =
            sent.chain(endpoint.missing_events()).map(|event| ("enabled_events[]", event)).collect();
        let path = format!("webhook_endpoints/{}", endpoint.id);
        self.post(&path, &events, None).await.map(|answer: StripeResponse<WebhookEndpoint>| answer.body)
    }

    /// All endpoints of the account in the key's mode.
    pub(crate) async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StripeError> {
        let list: StripeResponse<StripeList<WebhookEndpoint>> =
            self.get("webhook_endpoints", &[("limit", PAGE)]).await?;
        Ok(list.body.data)
    }

    /// Deletes an endpoint, if it exists.
    pub(crate) async fn delete_webhook_endpoint(&self, id: &str) -> Result<(), StripeError> {
        let deleted: Result<StripeResponse<IgnoredAny>, _> = self.delete(&format!("webhook_endpoints/{id}")).await;
        match deleted {
            Ok(_) => Ok(()),
            Err(StripeError::Refused { status: reqwest::StatusCode::NOT_FOUND, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

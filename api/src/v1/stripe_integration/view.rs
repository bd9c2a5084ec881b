//! A Stripe connection as shown to API callers.

use chrono::{DateTime, Utc};
use domain::stripe_health::Health;
use entity::stripe_integration::{EndpointStatus, StripeIntegration, StripeStatus};
use poem_openapi::Object;

use crate::http::typed::{LastFour, Text, Url};
use crate::{Api, Problem};

/// The connection to Stripe.
#[derive(Debug, Object)]
#[oai(rename = "StripeIntegration", skip_serializing_if_is_none)]
pub(super) struct StripeView {
    /// The key's last four characters.
    secret_key_last_four: LastFour,
    webhook_secret_last_four: Option<LastFour>,
    livemode: bool,
    status: Text<StripeStatus>,
    /// What to change.
    reason: Option<String>,
    /// The account of the key, if the key may read it.
    account: Option<String>,
    /// When the latest event from Stripe arrived.
    last_event_at: Option<DateTime<Utc>>,
    /// The URL for the webhook endpoint at Stripe.
    webhook_url: Url,
    /// All valid signing secrets, newest first.
    webhook_secrets: Vec<SecretView>,
    /// The endpoint registered from here, if that was requested.
    webhook_endpoint: Option<StripeEndpointView>,
    /// The result of the last health check.
    health: Option<HealthView>,
}

/// A signing secret, identified by its end.
#[derive(Debug, Object)]
#[oai(rename = "StripeWebhookSecretView", skip_serializing_if_is_none)]
struct SecretView {
    last_four: LastFour,
    /// When it expires, because another has replaced it.
    until: Option<DateTime<Utc>>,
}

/// The registration of our webhook endpoint.
#[derive(Debug, Object)]
#[oai(rename = "StripeWebhookEndpoint", skip_serializing_if_is_none)]
struct StripeEndpointView {
    /// Stripe's id (`we_…`).
    id: Option<String>,
    status: Text<EndpointStatus>,
    /// What to do.
    reason: Option<String>,
}

/// The health of the webhooks.
#[derive(Debug, Object)]
#[oai(rename = "StripeWebhookHealth", skip_serializing_if_is_none)]
struct HealthView {
    status: Text<Health>,
    /// What it means, and what to do about it.
    advice: String,
    /// Since when signatures have been wrong, if they are.
    since: Option<DateTime<Utc>>,
    /// When it was checked.
    at: Option<DateTime<Utc>>,
}

impl HealthView {
    fn of(row: &StripeIntegration, health: Health) -> Self {
        let since = row.signature_failing_since.filter(|_| health == Health::WrongSecret);
        let failing =
            since.map(|since| format!(" Signatures have been wrong since {}.", since.format("%Y-%m-%d %H:%M UTC")));
        Self {
            status: Text(health),
            advice: format!("{}{}", health.advice(), failing.unwrap_or_default()),
            since,
            at: row.health_at,
        }
    }
}

impl StripeView {
    pub(super) fn of(api: &Api, row: StripeIntegration) -> Result<Self, Problem> {
        let now = api.clock.now();
        let secrets = row.signing_secrets(&api.vault)?.into_iter().filter(|secret| secret.is_good(now));
        let endpoint = row.endpoint_status.map(|status| StripeEndpointView {
            id: row.endpoint_id.clone(),
            status: Text(status),
            reason: row.endpoint_reason.clone(),
        });
        Ok(Self {
            webhook_url: format!("{}/webhooks/stripe/{}", api.public_url, row.merchant_id).into(),
            webhook_secrets: secrets
                .map(|secret| SecretView { last_four: secret.secret.last_four().into(), until: secret.until })
                .collect(),
            webhook_endpoint: endpoint,
            health: row.health.map(|health| HealthView::of(&row, health)),
            secret_key_last_four: row.secret_key_last_four.into(),
            webhook_secret_last_four: row.webhook_secret_last_four.map(LastFour::from),
            livemode: row.livemode,
            status: Text(row.status),
            reason: row.reason,
            account: row.account,
            last_event_at: row.last_event_at,
        })
    }
}

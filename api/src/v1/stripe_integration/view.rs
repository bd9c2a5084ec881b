//! A Stripe connection as shown to API callers.

use chrono::{DateTime, Utc};
use entity::stripe_integration::{EndpointStatus, Health, StripeIntegration, StripeStatus};
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
    /// The account that the key belongs to, if the key may see it.
    account: Option<String>,
    /// When Stripe last told us something.
    last_event_at: Option<DateTime<Utc>>,
    /// The URL of the webhook endpoint to set up at Stripe.
    webhook_url: Url,
    /// Every signing secret that is believed now, newest first.
    webhook_secrets: Vec<SecretView>,
    /// The endpoint that was registered here, if that was asked for.
    webhook_endpoint: Option<EndpointView>,
    /// What the last look at the webhooks found.
    health: Option<HealthView>,
}

/// A signing secret, by its end.
#[derive(Debug, Object)]
#[oai(rename = "StripeWebhookSecretView", skip_serializing_if_is_none)]
struct SecretView {
    last_four: LastFour,
    /// From when on it is not believed any more, because another has taken its place.
    until: Option<DateTime<Utc>>,
}

/// The registration of our webhook endpoint.
#[derive(Debug, Object)]
#[oai(rename = "StripeWebhookEndpoint", skip_serializing_if_is_none)]
struct EndpointView {
    /// `we_…`
    id: Option<String>,
    status: Text<EndpointStatus>,
    /// What to do.
    reason: Option<String>,
}

/// What is the matter with the webhooks, if anything.
#[derive(Debug, Object)]
#[oai(rename = "StripeWebhookHealth", skip_serializing_if_is_none)]
struct HealthView {
    status: Text<Health>,
    /// What it means, and what to do about it.
    advice: String,
    /// Since when signatures have been wrong, if they are.
    since: Option<DateTime<Utc>>,
    /// When it was looked at.
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
        let endpoint = row.endpoint_status.map(|status| EndpointView {
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

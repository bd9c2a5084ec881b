//! `register_stripe_webhook`: registers our webhook endpoint at Stripe and stores its signing secret, which Stripe
//! reveals only once.
//!
//! The idempotency key and its time are saved before the call, so that an answer lost in transit or to a crash can be
//! fetched again together with its secret. An endpoint whose secret can no longer be fetched is deleted and created
//! anew.

use chrono::{DateTime, Utc};
use entity::{
    Transaction,
    stripe_integration::{self, ConnectError, EndpointStatus, MadeEndpoint, StripeIntegration},
};
use queue::{Done, JobError, JobHandler, Lease, RegisterStripeWebhook};
use sea_orm::DbErr;
use url::{Host, Url};

use super::nothing_to_do;
use crate::{
    JobContext,
    stripe::{Advice, Stripe, StripeError, WebhookEndpoint},
};

/// Stripe's answer to the creation lacks the secret.
#[derive(Debug, thiserror::Error)]
#[error("Stripe did not say the signing secret of {0}")]
struct NoSecret(String);

impl JobHandler<JobContext> for RegisterStripeWebhook {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let asked = context.stripe_integration(self.merchant).await?;
        let asked = asked.filter(|found| found.endpoint_status == Some(EndpointStatus::Registering));
        let Some(asked) = asked else { return nothing_to_do(context, lease).await };
        let url = context.stripe_webhook_url(self.merchant);
        if asked.livemode && !is_public(&url) {
            return refuse(context, lease, &asked, &not_public(&url)).await;
        }
        let stripe = context.stripe_of(&asked)?;
        let key = format!("endpoint:{}:{}", self.merchant, asked.endpoint_attempt);
        match stripe.create_webhook_endpoint(&url, &key).await {
            Ok(made) => keep(context, lease, &stripe, &asked, &made.body).await,
            Err(error) => match error.advice() {
                Advice::Tell => {
                    error.log_refusal(self.merchant, "to register a webhook endpoint");
                    refuse(context, lease, &asked, &error.for_merchant()).await
                }
                Advice::Retry => Err(error.into_retry()),
                Advice::LookUp => Err(start_over(context, &stripe, &asked, error.into_retry()).await),
            },
        }
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(asked) = stripe_integration::find(tx, self.merchant).await? else { return Ok(()) };
        let why = "Stripe could not be reached to register the webhook endpoint. Ask for it again.";
        stripe_integration::refuse_endpoint(tx, &asked, why).await
    }
}

async fn keep(
    context: &JobContext,
    lease: &Lease,
    stripe: &Stripe,
    asked: &StripeIntegration,
    made: &WebhookEndpoint,
) -> Result<Done, JobError> {
    let Some(secret) = &made.secret else {
        return Err(start_over(context, stripe, asked, JobError::retry(NoSecret(made.id.clone()))).await);
    };
    // Other endpoints with our URL would report everything twice, signed with secrets that are unknown or about to
    // expire.
    remove_others(stripe, &made.url, Some(&made.id)).await.map_err(StripeError::into_job_error)?;
    let now = context.now();
    let tx = context.db.begin().await?;
    let made = MadeEndpoint { id: &made.id, secret };
    stripe_integration::set_endpoint(&tx, &context.vault, asked, made, now).await.map_err(job_error)?;
    lease.finish(tx, now).await
}

async fn refuse(context: &JobContext, lease: &Lease, asked: &StripeIntegration, why: &str) -> Result<Done, JobError> {
    let tx = context.db.begin().await?;
    stripe_integration::refuse_endpoint(&tx, asked, why).await?;
    lease.finish(tx, context.now()).await
}

/// The key no longer returns the secret: deletes what it may have created, and lets the next attempt use the next key.
async fn start_over(context: &JobContext, stripe: &Stripe, asked: &StripeIntegration, why: JobError) -> JobError {
    let url = context.stripe_webhook_url(asked.merchant_id);
    if let Err(error) = remove_others(stripe, &url, None).await {
        return error.into_job_error();
    }
    match stripe_integration::begin_endpoint_attempt(context.db.pool(), asked.merchant_id, context.now()).await {
        Ok(()) => why,
        Err(error) => error.into(),
    }
}

async fn remove_others(stripe: &Stripe, url: &str, kept: Option<&str>) -> Result<(), StripeError> {
    for endpoint in stripe.webhook_endpoints().await? {
        if endpoint.url == url && Some(endpoint.id.as_str()) != kept {
            stripe.delete_webhook_endpoint(&endpoint.id).await?;
        }
    }
    Ok(())
}

fn job_error(error: ConnectError) -> JobError {
    match error {
        ConnectError::Vault(error) => JobError::fail(error),
        ConnectError::Db(error) => error.into(),
    }
}

/// Whether Stripe can reach a URL in live mode: over TLS, and not only on this machine.
fn is_public(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || !name.contains('.'),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => true,
    };
    url.scheme() == "https" && !is_local
}

fn not_public(url: &str) -> String {
    format!(
        "Stripe sends live events only to public https addresses, and ours is {url}. Set PAYLINK_PUBLIC_URL to the address at \
         which this installation is reached from outside, and register again."
    )
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn live_events_go_to_public_addresses_only() {
        for url in ["https://pay.example.com/webhooks/stripe/mer_1", "https://203.0.113.7/x", "https://[2001:db8::1]/x"]
        {
            assert!(is_public(url), "{url}");
        }
        for url in [
            "http://pay.example.com/x",
            "https://localhost/x",
            "https://paylink/x",
            "https://127.0.0.1:8080/x",
            "https://10.0.0.1/x",
            "https://192.168.1.2/x",
            "https://[::1]/x",
            "nonsense",
        ] {
            assert!(!is_public(url), "{url}");
        }
    }
}

//! `diagnose_stripe`: checks whether a merchant's webhooks work, and records the findings on the connection.

use chrono::{DateTime, Utc};
use domain::stripe_health::{EndpointSeen, LATE};
use entity::{
    Transaction, link,
    stripe_integration::{self, KeyCheck, StripeIntegration},
};
use queue::{DiagnoseStripe, Done, JobError, JobHandler, Lease};
use reqwest::StatusCode;
use sea_orm::DbErr;

use super::{has_tried_enough, nothing_to_do};
use crate::{
    JobContext,
    stripe::{Advice, Stripe, StripeError, WebhookEndpoint},
};

impl JobHandler<JobContext> for DiagnoseStripe {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let Some(known) = context.stripe_integration(self.merchant).await? else {
            return nothing_to_do(context, lease).await;
        };
        let url = context.stripe_webhook_url(self.merchant);
        let endpoint = match look(&context.stripe_of(&known)?, &known, &url).await {
            Ok(endpoint) => Ok(endpoint),
            Err(error) if error.advice() == Advice::Tell => Err(error.for_merchant()),
            Err(_) if has_tried_enough(lease.job()) => return nothing_to_do(context, lease).await,
            Err(error) => return Err(error.into_retry()),
        };
        let now = context.now();
        let has_secret = !known.webhook_secrets(&context.vault, now).map_err(JobError::fail)?.is_empty();
        let tx = context.db.begin().await?;
        match endpoint {
            Ok(endpoint) => {
                let should_have_come = link::has_ended_before(&tx, self.merchant, now - LATE).await?;
                let health = known.symptoms(has_secret, endpoint, should_have_come).diagnose(now);
                stripe_integration::set_health(&tx, &known, health, now).await?;
            }
            Err(reason) => {
                let account = known.account.clone();
                stripe_integration::set_status(&tx, &known, KeyCheck { account, ..KeyCheck::failed(reason) }, now)
                    .await?;
            }
        }
        lease.finish(tx, now).await
    }

    /// The next tick checks again.
    async fn dead_letter(&self, _: &JobContext, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

/// What Stripe reports about the endpoints with our URL; a restricted key may not be able to list them. Extends
/// endpoints that we registered before we needed further events.
async fn look(stripe: &Stripe, known: &StripeIntegration, url: &str) -> Result<EndpointSeen, StripeError> {
    let endpoints = match stripe.webhook_endpoints().await {
        Ok(endpoints) => endpoints,
        Err(StripeError::Refused { status: StatusCode::FORBIDDEN, .. }) => return Ok(EndpointSeen::Unknown),
        Err(error) => return Err(error),
    };
    let mut ours: Vec<WebhookEndpoint> = endpoints.into_iter().filter(|found| found.url == url).collect();
    for endpoint in &mut ours {
        let is_registered = known.endpoint_id.as_ref() == Some(&endpoint.id);
        if is_registered && !endpoint.missing_events().is_empty() {
            match stripe.complete_webhook_endpoint(endpoint).await {
                Ok(complete) => *endpoint = complete,
                // The key may read but not change endpoints, so the missing events are reported instead.
                Err(error) if error.advice() == Advice::Tell => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(seen(&ours))
}

fn seen(ours: &[WebhookEndpoint]) -> EndpointSeen {
    let enabled: Vec<_> = ours.iter().filter(|endpoint| endpoint.is_enabled()).collect();
    if ours.is_empty() {
        EndpointSeen::Missing
    } else if enabled.is_empty() {
        EndpointSeen::Disabled
    } else if enabled.iter().any(|endpoint| endpoint.missing_events().is_empty()) {
        EndpointSeen::Enabled
    } else {
        EndpointSeen::Incomplete
    }
}

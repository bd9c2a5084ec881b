//! `deliver_webhooks` and `retry_webhooks`: deliver due webhooks to an endpoint. The second handles endpoints that are
//! slow or failing, so that waiting for them does not delay deliveries to the others.

use chrono::{DateTime, Utc};
use domain::{MerchantId, WebhookEndpointId};
use entity::{Transaction, webhook_endpoint};
use queue::{DeliverWebhooks, Done, JobError, JobHandler, Lease, RetryWebhooks};
use sea_orm::DbErr;

use crate::{
    JobContext,
    webhook_deliveries::{WorkersOf, deliver},
};

impl JobHandler<JobContext> for DeliverWebhooks {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        deliver(context, lease, self.merchant, self.endpoint, WorkersOf::TheQuick).await
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        leave(tx, self.merchant, self.endpoint).await
    }
}

impl JobHandler<JobContext> for RetryWebhooks {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        deliver(context, lease, self.merchant, self.endpoint, WorkersOf::TheSlow).await
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        leave(tx, self.merchant, self.endpoint).await
    }
}

/// The next change delivers the rest, or the tick that looks for endpoints without a job.
async fn leave(tx: &Transaction, merchant: MerchantId, id: WebhookEndpointId) -> Result<(), DbErr> {
    if webhook_endpoint::hold(tx, merchant, id).await?.is_some() {
        webhook_endpoint::clear_job(tx, id).await?;
    }
    Ok(())
}

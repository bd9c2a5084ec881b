//! Schedules the job that delivers to an endpoint. There is only one at a time, which preserves the order.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    Transaction,
    job::{Entity as Jobs, JobState},
    webhook_endpoint::{self, LONGEST_PAUSE, PATIENCE, WebhookEndpoint},
};
use sea_orm::{DbErr, EntityTrait};

use crate::{DeliverWebhooks, EnqueueOptions, EnqueuedJob, RetryWebhooks, enqueue};

/// A job that has been due this long is looked up before it is relied on, since an operator may have discarded it.
const RELIED_ON: TimeDelta = TimeDelta::minutes(1);

/// Ensures that a job delivers to an endpoint from `at` on. Returns the job if it is new. The caller must have locked
/// the endpoint.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn deliver_from(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    if endpoint.disabled_at.is_some() || has_job_in_time(tx, endpoint, at, now).await? {
        return Ok(None);
    }
    enqueue_delivery(tx, endpoint, at, now).await
}

/// Enqueues the job that delivers to an endpoint from `at` on, replacing any other. Endpoints that are slow or failing
/// have a separate queue, so that they do not hold up the rest. The caller must have locked the endpoint.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn enqueue_delivery(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    let (merchant, id) = (endpoint.merchant_id, endpoint.id);
    let options = EnqueueOptions { run_at: Some(at.max(now)), ..EnqueueOptions::for_merchant(merchant) };
    let enqueued = if endpoint.is_trying() {
        enqueue(tx, &RetryWebhooks { merchant, endpoint: id }, options, now).await?
    } else {
        enqueue(tx, &DeliverWebhooks { merchant, endpoint: id }, options, now).await?
    };
    webhook_endpoint::set_job(tx, id, enqueued.map(|job| (job.job, job.run_at))).await?;
    Ok(enqueued)
}

/// Whether the endpoint's job will run in time for what is due at `at`.
async fn has_job_in_time(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    // An endpoint that has been failing is left alone for a while, whatever is due.
    let patience = if endpoint.failures >= PATIENCE { LONGEST_PAUSE } else { TimeDelta::zero() };
    let is_in_time = |(_, due): &(_, DateTime<Utc>)| *due <= at.max(now) + patience;
    let Some((job, due)) = endpoint.job_id.zip(endpoint.job_due_at).filter(is_in_time) else {
        return Ok(false);
    };
    if now - due < RELIED_ON {
        return Ok(true);
    }
    let job = Jobs::find_by_id(job).one(tx).await?;
    Ok(job.is_some_and(|job| job.state == JobState::Queued))
}

//! Schedules the job that delivers to an endpoint. There is only one at a time, which preserves the order.

use chrono::{DateTime, TimeDelta, Utc};
use domain::webhook::retries::{FAILURES_BEFORE_PAUSE, LONGEST_PAUSE};
use entity::{
    Transaction,
    job::{Entity as Jobs, JobState},
    webhook_endpoint::{self, WebhookEndpoint},
};
use sea_orm::{DbErr, EntityTrait};

use crate::{DeliverWebhooks, EnqueueOptions, EnqueuedJob, JobDraft, RetryWebhooks, enqueue_all};

/// A job that has been due this long is looked up before it is relied on, since an operator may have discarded it.
const RELIED_ON: TimeDelta = TimeDelta::minutes(1);

/// Ensures that a job delivers to an endpoint from `at` on. Returns the job if it is new. The caller must have locked
/// the endpoint.
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
pub async fn enqueue_delivery(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    Ok(enqueue_all_deliveries(tx, &[endpoint], at, now).await?.pop())
}

/// Ensures that jobs deliver to these endpoints from now on. Returns the new jobs. The caller must have locked the
/// endpoints.
pub(super) async fn deliver_all(
    tx: &Transaction,
    endpoints: &[WebhookEndpoint],
    now: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, DbErr> {
    let mut waiting = Vec::new();
    for endpoint in endpoints {
        if endpoint.disabled_at.is_none() && !has_job_in_time(tx, endpoint, now, now).await? {
            waiting.push(endpoint);
        }
    }
    enqueue_all_deliveries(tx, &waiting, now, now).await
}

/// Uses two statements for any number of endpoints, because writers of changes wait while they are numbered.
async fn enqueue_all_deliveries(
    tx: &Transaction,
    endpoints: &[&WebhookEndpoint],
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, DbErr> {
    let drafts: Result<Vec<JobDraft>, _> = endpoints.iter().map(|endpoint| draft(endpoint, at.max(now))).collect();
    let drafts = drafts.map_err(|error| DbErr::Json(error.to_string()))?;
    let enqueued = enqueue_all(tx, &drafts, now).await?;
    // These jobs have no deduplication key, so every one is inserted.
    let jobs = endpoints.iter().zip(&enqueued).map(|(endpoint, job)| (endpoint.id, job.job, job.run_at));
    webhook_endpoint::set_jobs(tx, jobs).await?;
    Ok(enqueued)
}

fn draft(endpoint: &WebhookEndpoint, at: DateTime<Utc>) -> Result<JobDraft, serde_json::Error> {
    let (merchant, id) = (endpoint.merchant_id, endpoint.id);
    let options = EnqueueOptions { run_at: Some(at), ..EnqueueOptions::for_merchant(merchant) };
    if endpoint.is_trying() {
        JobDraft::new(&RetryWebhooks { merchant, endpoint: id }, options)
    } else {
        JobDraft::new(&DeliverWebhooks { merchant, endpoint: id }, options)
    }
}

/// Whether the endpoint's job will run in time for what is due at `at`.
async fn has_job_in_time(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    // An endpoint that has been failing is left alone for a while, whatever is due.
    let patience = if endpoint.failures >= FAILURES_BEFORE_PAUSE { LONGEST_PAUSE } else { TimeDelta::zero() };
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

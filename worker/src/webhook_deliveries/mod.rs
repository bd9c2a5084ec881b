//! Webhooks to merchants' own systems.
//!
//! One job at a time delivers to an endpoint: the due deliveries, one after the other, in the order in which they
//! became due. A failed delivery is due again later, and the others do not wait for it. An endpoint that keeps failing
//! is tried less and less often, by separate workers, as a slow one is.

mod client;
mod long_waits;
mod resource;

use std::time::{Duration, Instant};

use domain::{
    MerchantId, WebhookEndpointId,
    webhook::{retries::FAILURES_BEFORE_PAUSE, webhook_signature},
};
use entity::webhook_endpoint::{
    self, Attempted, Disabled, WebhookEndpoint,
    delivery::{self, WebhookDelivery},
};
use queue::{Done, JobError, Lease, enqueue_delivery};
use serde_json::{Map, Value, json};

use crate::JobContext;
use client::OutgoingWebhook;
pub(crate) use client::WebhookClient;
pub use resource::{RenderResource, Rendering};

/// The most deliveries of one job, after which another continues.
const MOST: usize = 100;
const LONGEST: Duration = Duration::from_secs(20);

/// Which workers deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkersOf {
    /// Those for endpoints that answer quickly.
    TheQuick,
    /// Those for endpoints that are slow or failing.
    TheSlow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AttemptResult {
    Taken,
    Refused,
    /// Aborted; the workers for slow endpoints repeat it.
    HandedOver,
}

/// Delivers what is due to an endpoint, and schedules the rest.
pub(crate) async fn deliver(
    context: &JobContext,
    lease: &Lease,
    merchant: MerchantId,
    id: WebhookEndpointId,
    workers: WorkersOf,
) -> Result<Done, JobError> {
    let began = Instant::now();
    for _ in 0..MOST {
        let Some(endpoint) = ours(context, lease, merchant, id).await? else { break };
        if workers == WorkersOf::TheQuick && endpoint.is_trying() {
            break;
        }
        let due = delivery::next_due(context.db.pool(), id, context.now()).await?;
        let Some(due) = due.filter(|_| began.elapsed() < LONGEST) else { break };
        match attempt(context, &endpoint, &due, workers).await? {
            AttemptResult::Taken => {}
            AttemptResult::Refused if endpoint.failures + 1 < FAILURES_BEFORE_PAUSE => {}
            AttemptResult::Refused | AttemptResult::HandedOver => break,
        }
    }
    finish(context, lease, merchant, id).await
}

/// The endpoint, if this job is still the one that delivers to it.
async fn ours(
    context: &JobContext,
    lease: &Lease,
    merchant: MerchantId,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, JobError> {
    let endpoint = webhook_endpoint::find(context.db.pool(), merchant, id).await?;
    Ok(endpoint.filter(|endpoint| is_ours(endpoint, lease)))
}

fn is_ours(endpoint: &WebhookEndpoint, lease: &Lease) -> bool {
    endpoint.job_id == Some(lease.job().id) && endpoint.disabled_at.is_none()
}

/// Finishes the job, and enqueues the next if there is more to deliver: at once, or when it is due.
async fn finish(
    context: &JobContext,
    lease: &Lease,
    merchant: MerchantId,
    id: WebhookEndpointId,
) -> Result<Done, JobError> {
    let now = context.now();
    let tx = context.db.begin().await?;
    let mut next = None;
    // Locked, so that a concurrent writer either is seen here or sees that there is no job.
    if let Some(endpoint) = webhook_endpoint::hold(&tx, merchant, id).await?.filter(|it| is_ours(it, lease)) {
        match delivery::first_pending(&tx, id).await? {
            Some(first) => {
                let at = first.due_at.max(now + endpoint.pause());
                next = enqueue_delivery(&tx, &endpoint, at, now).await?;
            }
            None => webhook_endpoint::clear_job(&tx, id).await?,
        }
    }
    let done = lease.finish(tx, now).await?;
    context.queue.notify(next);
    Ok(done)
}

/// Makes one delivery attempt.
async fn attempt(
    context: &JobContext,
    endpoint: &WebhookEndpoint,
    due: &WebhookDelivery,
    workers: WorkersOf,
) -> Result<AttemptResult, JobError> {
    let body = body(context, endpoint, due).await?;
    let now = context.now();
    let (id, timestamp) = (due.id.to_string(), now.timestamp());
    let secrets = endpoint.signing_secrets(&context.vault, now).map_err(JobError::fail)?;
    let signatures: Vec<String> =
        secrets.iter().filter_map(|secret| webhook_signature(secret, &id, timestamp, &body)).collect();
    let signatures = signatures.join(" ");
    let webhook = OutgoingWebhook { url: &endpoint.url, id: &id, timestamp, signatures: &signatures, body };
    let attempted = match workers {
        WorkersOf::TheSlow => Some(context.webhooks.post(webhook).await),
        WorkersOf::TheQuick => context.webhooks.post_quickly(webhook).await,
    };
    let Some(attempted) = attempted else {
        webhook_endpoint::note_slow(context.db.writer(), endpoint.id).await?;
        tracing::debug!(merchant.id = %endpoint.merchant_id, endpoint.id = %endpoint.id, "a webhook endpoint is slow");
        return Ok(AttemptResult::HandedOver);
    };
    let now = context.now();
    let tx = context.db.begin().await?;
    let held = webhook_endpoint::hold(&tx, endpoint.merchant_id, endpoint.id).await?;
    let Some(endpoint) = held else { return Ok(AttemptResult::Taken) };
    let is_taken = attempted.error.is_none();
    let mut disabled = None;
    if is_taken {
        webhook_endpoint::note_delivered(&tx, due, &attempted, now).await?;
    } else {
        disabled = webhook_endpoint::note_failed(&tx, &endpoint, due, &attempted, now).await?;
    }
    tx.commit().await?;
    log_outcome(&endpoint, &attempted, disabled);
    Ok(if is_taken { AttemptResult::Taken } else { AttemptResult::Refused })
}

fn log_outcome(endpoint: &WebhookEndpoint, attempted: &Attempted, disabled: Option<Disabled>) {
    let (merchant, id) = (endpoint.merchant_id, endpoint.id);
    if let Some(because) = disabled {
        tracing::warn!(merchant.id = %merchant, endpoint.id = %id, %because, "a webhook endpoint was disabled");
    } else if let Some(error) = &attempted.error {
        tracing::debug!(merchant.id = %merchant, endpoint.id = %id, error, "a webhook was not taken");
    }
}

/// The webhook's body, with the current state of the resource.
async fn body(context: &JobContext, endpoint: &WebhookEndpoint, due: &WebhookDelivery) -> Result<Vec<u8>, JobError> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("type", due.kind.as_str().into());
    put("timestamp", due.at.to_rfc3339().into());
    let data = match due.change() {
        Some(change) => context.resources.render(&change).await.map_err(JobError::retry)?,
        None => Some(json!({"endpoint_id": endpoint.id})),
    };
    if let Some(data) = data {
        put("data", data);
    }
    if let Some(seq) = due.seq {
        put("seq", seq.into());
    }
    if let Some(previous) = due.previous_seq {
        put("previous_seq", previous.into());
    }
    serde_json::to_vec(&body).map_err(JobError::fail)
}

//! Replaying webhook events.

use chrono::{DateTime, Utc};
use entity::webhook_event::{self, ReplayRefusal, Source, WebhookEvent};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{EnqueueOptions, EnqueuedJob, ProcessSmsEvent, ProcessStripeEvent, enqueue};

/// Resets an event to `received` and enqueues a new job for it. Returns `None` in place of the job if one is already
/// queued.
///
/// # Errors
/// Returns an error if the database query fails. The inner `Err` says why the event cannot be replayed; then nothing is
/// changed.
pub async fn replay_event(
    db: &impl ConnectionTrait,
    event: &WebhookEvent,
    now: DateTime<Utc>,
) -> Result<Result<Option<EnqueuedJob>, ReplayRefusal>, DbErr> {
    if let Err(refusal) = webhook_event::set_back(db, event).await? {
        return Ok(Err(refusal));
    }
    let (merchant, event, source) = (event.merchant_id, event.id, event.source);
    let options = EnqueueOptions::for_merchant(merchant);
    Ok(Ok(match source {
        Source::Stripe => enqueue(db, &ProcessStripeEvent { merchant, event }, options, now).await?,
        Source::Sms => enqueue(db, &ProcessSmsEvent { merchant, event }, options, now).await?,
    }))
}

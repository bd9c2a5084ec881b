//! Replays a webhook event.

use chrono::{DateTime, Utc};
use entity::webhook_event::{self, ReplayRefusal, Source, WebhookEvent};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{EnqueueOptions, EnqueuedJob, ProcessSmsEvent, ProcessStripeEvent, enqueue};

/// Sets an event back to `received` and enqueues a new job for it. `None` in place of the job means that there is one already.
///
/// # Errors
/// When the database does not answer; else the refusal, with nothing changed.
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

//! Having a webhook event applied once more.

use chrono::{DateTime, Utc};
use entity::webhook_event::{self, ReplayRefusal, Source, WebhookEvent};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{ProcessSmsEvent, ProcessStripeEvent, Promise, Ticket, promise};

/// Sets an event back to `received` and promises a new job for it. `None` in place of a ticket means that there is one already.
///
/// # Errors
/// When the database does not answer; else the refusal, with nothing changed.
pub async fn replay_event(
    db: &impl ConnectionTrait,
    event: &WebhookEvent,
    now: DateTime<Utc>,
) -> Result<Result<Option<Ticket>, ReplayRefusal>, DbErr> {
    if let Err(refusal) = webhook_event::set_back(db, event).await? {
        return Ok(Err(refusal));
    }
    let (merchant, event, source) = (event.merchant_id, event.id, event.source);
    let promised = Promise::of(merchant);
    Ok(Ok(match source {
        Source::Stripe => promise(db, &ProcessStripeEvent { merchant, event }, promised, now).await?,
        Source::Sms => promise(db, &ProcessSmsEvent { merchant, event }, promised, now).await?,
    }))
}

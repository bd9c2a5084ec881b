//! Listing webhook events that wait to be applied, and replaying events.

use chrono::{DateTime, Utc};
use domain::{MerchantId, WebhookEventId};
use entity::{
    job::{Column, Entity},
    webhook_event::{self, ReplayRefusal, Source, WebhookEvent, WebhookEventSearch},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde::Deserialize;

use crate::{EnqueueOptions, EnqueuedJob, Kind, ProcessSmsEvent, ProcessStripeEvent, enqueue};

/// The common part of both kinds' payloads.
#[derive(Deserialize)]
struct AboutEvent {
    event: WebhookEventId,
}

/// A page of the merchant's events that wait to be applied, newest first. No index separates them from applied events,
/// so unless they are among the newest events, they are found through their unfinished jobs.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn waiting_events(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Vec<WebhookEvent>, DbErr> {
    if let Some(found) = webhook_event::search_newest(db, merchant, search).await? {
        return Ok(found);
    }
    let kinds = [Kind::ProcessStripeEvent, Kind::ProcessSmsEvent].map(Kind::as_str);
    let payloads: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Payload)
        // A literal, so that the partial index of waiting jobs is used.
        .filter(Expr::cust("job.state = 'queued'"))
        .filter(Column::Kind.is_in(kinds))
        .filter(Column::MerchantId.eq(merchant))
        .into_tuple()
        .all(db)
        .await?;
    let event = |payload: String| serde_json::from_str::<AboutEvent>(&payload).ok().map(|about| about.event);
    webhook_event::search_among(db, merchant, search, payloads.into_iter().filter_map(event).collect()).await
}

/// Resets an event to `received` and enqueues a new job for it, which does not delay new events however many are replayed. Returns `None` in place of the job if one is already
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
    let options = EnqueueOptions::for_merchant(merchant).in_background();
    Ok(Ok(match source {
        Source::Stripe => enqueue(db, &ProcessStripeEvent { merchant, event }, options, now).await?,
        Source::Sms => enqueue(db, &ProcessSmsEvent { merchant, event }, options, now).await?,
    }))
}

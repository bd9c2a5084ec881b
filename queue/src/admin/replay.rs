//! Listing webhook events that wait to be applied, and replaying events.

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId, WebhookEventId};
use entity::{
    job::{Column, Entity},
    list::{Found, Looks},
    webhook_event::{self, PendingSearch, ReplayRefusal, Source, WebhookEvent, WebhookEventSearch},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde::Deserialize;

use crate::{EnqueueOptions, EnqueuedJob, Kind, ProcessSmsEvent, ProcessStripeEvent, enqueue, event_jobs};

/// The common part of both kinds' payloads.
#[derive(Deserialize)]
struct AboutEvent {
    event: WebhookEventId,
}

/// How many of the events whose jobs have no row are collected.
const LATELY: u64 = 1_000;

/// A page of the merchant's events that wait to be applied, newest first. No index separates them from applied events,
/// so unless they are among the newest events, they are found through their unfinished jobs, and those that came lately by
/// the missing outcome. If either are many, more of the newest events are looked through; the page may then be short or
/// empty although there are more.
pub async fn waiting_events(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Found<WebhookEvent, WebhookEventId>, DbErr> {
    if let Some(rows) = webhook_event::search_newest(db, merchant, search).await? {
        return Ok(Found { rows, looked_to: None });
    }
    let since = event_jobs::rowless_since(db).await?;
    let lately = PendingSearch { since, merchant: Some(merchant), ..PendingSearch::default() };
    let lately = webhook_event::search_pending(db, &lately, LATELY, search.looks).await?;
    let mut events: Vec<WebhookEventId> = lately.rows.into_iter().map(|event| event.id).collect();
    let payloads = few_payloads(db, merchant, search.looks).await?.filter(|_| lately.looked_to.is_none());
    let Some(payloads) = payloads else {
        return webhook_event::search_many(db, merchant, search).await;
    };
    let event = |payload: String| serde_json::from_str::<AboutEvent>(&payload).ok().map(|about| about.event);
    events.extend(payloads.into_iter().filter_map(event));
    Ok(Found { rows: webhook_event::search_among(db, merchant, search, events).await?, looked_to: None })
}

/// The payloads of the merchant's unfinished jobs about events, if all unfinished jobs can be read for them.
async fn few_payloads(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    looks: Looks,
) -> Result<Option<Vec<String>>, DbErr> {
    let kinds = [Kind::ProcessStripeEvent, Kind::ProcessSmsEvent].map(Kind::as_str);
    // A literal, so that the partial index of waiting jobs is used.
    let unfinished = Entity::find().filter(Expr::cust("job.state = 'queued'"));
    let one_more = unfinished.clone().select_only().column(Column::Id).order_by_asc(Column::Id);
    let one_more: Option<JobId> = one_more.offset(looks.most).limit(1).into_tuple().one(db).await?;
    if one_more.is_some() {
        return Ok(None);
    }
    let payloads = unfinished
        .select_only()
        .column(Column::Payload)
        .filter(Column::Kind.is_in(kinds))
        .filter(Column::MerchantId.eq(merchant))
        .limit(looks.collected + 1);
    let payloads: Vec<String> = payloads.into_tuple().all(db).await?;
    Ok(Some(payloads).filter(|payloads| payloads.len() as u64 <= looks.collected))
}

/// Resets an event to `received` and enqueues a new job for it, which does not delay new events however many are
/// replayed. Returns `None` in place of the job if one is already queued.
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

//! Replaying events. An event is replayed from its stored payload, so an event without one cannot be replayed.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{QueryOrder, QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, EventState, WebhookEvent, outcome};
use crate::list::Period;
use domain::{MerchantId, WebhookEventId};

/// Why an event is not replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayRefusal {
    /// Its job is not done yet.
    #[error("it waits to be applied as it is")]
    Waiting,
    /// Its payload was erased: it was ignored, or its link was purged.
    #[error("nothing of its content is kept: it meant nothing to us, or it is older than 90 days")]
    Erased,
}

/// Resets an event to `received`, so that a new job applies it. The caller enqueues that job in the same transaction.
///
/// # Errors
/// Returns an error if the database query fails. A refusal changes nothing.
pub async fn set_back(db: &impl ConnectionTrait, event: &WebhookEvent) -> Result<Result<(), ReplayRefusal>, DbErr> {
    if event.payload.is_none() && event.state != EventState::Received {
        return Ok(Err(ReplayRefusal::Erased));
    }
    let is_forgotten = outcome::forget(db, event).await?;
    // Also events that an earlier version concluded.
    let reset = Entity::update_many()
        .col_expr(Column::State, Expr::value(EventState::Received))
        .col_expr(Column::Error, Expr::value(Option::<String>::None))
        .col_expr(Column::AppliedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(event.id))
        .filter(Column::MerchantId.eq(event.merchant_id))
        .filter(Column::State.ne(EventState::Received))
        .filter(Column::Payload.is_not_null())
        .exec(db)
        .await?;
    Ok(if is_forgotten || reset.rows_affected == 1 { Ok(()) } else { Err(ReplayRefusal::Waiting) })
}

/// A selection of events to replay.
#[derive(Debug, Clone, Copy)]
pub struct EventSpan {
    /// In this state,
    pub state: EventState,
    /// received at or after this time,
    pub from: DateTime<Utc>,
    /// and before this one.
    pub to: DateTime<Utc>,
}

/// A page of the merchant's events that can be replayed, oldest first.
pub async fn to_replay(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    span: EventSpan,
    after: Option<WebhookEventId>,
    limit: u64,
) -> Result<Vec<WebhookEvent>, DbErr> {
    let EventSpan { state, from, to } = span;
    let span = Period { from: Some(from), to: Some(to) }.of_ids(Column::Id, TimeDelta::zero());
    let query = Entity::find().filter(Column::MerchantId.eq(merchant));
    let mut query = span
        .into_iter()
        .fold(query, Select::filter)
        .filter(outcome::is(state))
        .filter(Column::ReceivedAt.gte(from))
        .filter(Column::ReceivedAt.lt(to))
        .filter(Column::Payload.is_not_null());
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let found = outcome::with_outcome(query).order_by_asc(Column::Id).limit(limit).all(db).await?;
    Ok(found.into_iter().map(outcome::merged).collect())
}

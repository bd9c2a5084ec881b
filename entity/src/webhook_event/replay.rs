//! Replaying events. An event is replayed from its stored payload, so one whose payload was erased cannot be.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{QueryOrder, QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, EventState, WebhookEvent, outcome};
use crate::list::Period;
use domain::{MerchantId, WebhookEventId};

/// Why an event is not replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayRefusal {
    /// Its job has yet to be done.
    #[error("it waits to be applied as it is")]
    Waiting,
    /// It was ignored, or its link was purged: its content is erased.
    #[error("nothing of its content is kept: it meant nothing to us, or it is older than 90 days")]
    Erased,
}

/// Sets an event back to `received`, for a new job to apply it; the caller enqueues that job in the same transaction.
///
/// # Errors
/// When the database does not answer; else the refusal, with nothing changed.
pub async fn set_back(db: &impl ConnectionTrait, event: &WebhookEvent) -> Result<Result<(), ReplayRefusal>, DbErr> {
    if event.payload.is_none() && event.state != EventState::Received {
        return Ok(Err(ReplayRefusal::Erased));
    }
    let is_forgotten = outcome::forget(db, event).await?;
    // What a version before has concluded.
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

/// Which events are to be replayed.
#[derive(Debug, Clone, Copy)]
pub struct EventSpan {
    /// Those in this state,
    pub state: EventState,
    /// received at this time or later,
    pub from: DateTime<Utc>,
    /// and before this one.
    pub to: DateTime<Utc>,
}

/// A page of those of the merchant's events that can be replayed, oldest first.
///
/// # Errors
/// Returns an error if the database query fails.
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

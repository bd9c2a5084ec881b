//! Records the result of a delivery attempt on the delivery and its endpoint, in one transaction. When the next attempt
//! is made is told by `domain::webhook::retries`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{
    Column, Disabled, Entity, WebhookEndpoint,
    delivery::{self, DeliveryState, WebhookDelivery},
};
use crate::Transaction;
use domain::{WebhookEndpointId, webhook::retries};

/// An endpoint that takes longer than this to answer is slow.
pub const SLOW: Duration = Duration::from_secs(1);

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, for the merchant.
    pub error: Option<String>,
}

/// Records a successful delivery.
pub async fn note_delivered(
    tx: &Transaction,
    delivery: &WebhookDelivery,
    attempted: &Attempted,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Failures, Expr::value(0_i64))
        .col_expr(Column::FailingSince, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(Column::IsSlow, Expr::value(attempted.took > SLOW))
        .filter(Column::Id.eq(delivery.endpoint_id))
        .exec(tx)
        .await?;
    note(tx, delivery, (DeliveryState::Delivered, delivery.due_at), attempted, now).await
}

/// Marks an endpoint as slower than [`SLOW`] while its answer is still awaited.
pub async fn note_slow(db: &impl ConnectionTrait, id: WebhookEndpointId) -> Result<(), DbErr> {
    let slow = Entity::update_many().col_expr(Column::IsSlow, Expr::value(true)).filter(Column::Id.eq(id));
    slow.exec(db).await.map(|_| ())
}

/// Records a failed delivery to an endpoint as it was read. Returns why the endpoint is disabled now, if it is.
pub async fn note_failed(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    delivery: &WebhookDelivery,
    attempted: &Attempted,
    now: DateTime<Utc>,
) -> Result<Option<Disabled>, DbErr> {
    let since = endpoint.failing_since.unwrap_or(now);
    let disabled = match attempted.status {
        Some(410) => Some(Disabled::Gone),
        _ if now - since >= retries::FAILING_FOR => Some(Disabled::Failing),
        _ => None,
    };
    let mut update = Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
        .col_expr(Column::FailingSince, Expr::value(since))
        .col_expr(Column::IsSlow, Expr::value(attempted.took > SLOW))
        .filter(Column::Id.eq(endpoint.id));
    if let Some(because) = disabled {
        update = update
            .col_expr(Column::DisabledAt, Expr::value(now))
            .col_expr(Column::DisabledBecause, Expr::value(because))
            .col_expr(Column::JobId, Expr::value(Option::<Uuid>::None))
            .col_expr(Column::JobDueAt, Expr::value(Option::<DateTime<Utc>>::None));
    }
    update.exec(tx).await?;
    match retries::wait_after_attempt(delivery.tries).filter(|_| disabled.is_none()) {
        Some(wait) => note(tx, delivery, (DeliveryState::Pending, now + wait), attempted, now).await?,
        None => note(tx, delivery, (DeliveryState::Failed, delivery.due_at), attempted, now).await?,
    }
    if disabled.is_some() {
        delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(DeliveryState::Failed))
            .filter(delivery::Column::EndpointId.eq(endpoint.id))
            .filter(delivery::Column::State.eq(DeliveryState::Pending))
            .exec(tx)
            .await?;
    }
    Ok(disabled)
}

async fn note(
    tx: &Transaction,
    delivery: &WebhookDelivery,
    (state, due_at): (DeliveryState, DateTime<Utc>),
    attempted: &Attempted,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let took = i64::try_from(attempted.took.as_millis()).unwrap_or(i64::MAX);
    delivery::Entity::update_many()
        .col_expr(delivery::Column::State, Expr::value(state))
        .col_expr(delivery::Column::Tries, Expr::value(delivery.tries + 1))
        .col_expr(delivery::Column::DueAt, Expr::value(due_at))
        .col_expr(delivery::Column::AttemptedAt, Expr::value(now))
        .col_expr(delivery::Column::AnsweredStatus, Expr::value(attempted.status.map(i64::from)))
        .col_expr(delivery::Column::AnsweredInMs, Expr::value(took))
        .col_expr(delivery::Column::Error, Expr::value(attempted.error.clone()))
        .filter(delivery::Column::Id.eq(delivery.id))
        .exec(tx)
        .await
        .map(|_| ())
}

//! The status of a message, which only moves forward.

use chrono::{DateTime, Utc};
use sea_orm::{UpdateMany, entity::prelude::*};

use super::{Column, Entity, Message};
use crate::{Transaction, change::Change, metrics};
use domain::{MerchantId, MessageId, message::MessageStatus};

/// A message's new status, with what else is known of it now.
#[derive(Debug, Clone)]
pub struct StatusUpdate {
    /// The status.
    pub status: MessageStatus,
    /// The carrier's id of the message, if it has just been given one.
    pub carrier_id: Option<String>,
    /// Why it failed, for the merchant to read.
    pub error: Option<String>,
}

impl From<MessageStatus> for StatusUpdate {
    fn from(status: MessageStatus) -> Self {
        Self { status, carrier_id: None, error: None }
    }
}

/// Moves a message forward to the status of `update`. Returns `false` if it has reached it already.
pub async fn advance(
    tx: &Transaction,
    merchant: MerchantId,
    id: MessageId,
    to: impl Into<StatusUpdate>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let StatusUpdate { status, carrier_id, error } = to.into();
    let mut update = in_one_of(merchant, id, status.predecessors());
    if let Some(carrier_id) = carrier_id {
        update = update.col_expr(Column::CarrierId, Expr::value(carrier_id));
    }
    if let Some(error) = error {
        update = update.col_expr(Column::Error, Expr::value(error));
    }
    match status {
        MessageStatus::Sent => update = update.col_expr(Column::SentAt, Expr::value(now)),
        MessageStatus::Delivered => update = update.col_expr(Column::DeliveredAt, Expr::value(now)),
        MessageStatus::Received
        | MessageStatus::Scheduled
        | MessageStatus::Queued
        | MessageStatus::Sending
        | MessageStatus::Unknown
        | MessageStatus::Undelivered
        | MessageStatus::Failed
        | MessageStatus::Cancelled => {}
    }
    let moved = set_status(tx, update, status, now).await?;
    if moved {
        metrics::message(status);
    }
    Ok(moved)
}

/// An update of the message, if it has one of these statuses.
fn in_one_of(
    merchant: MerchantId,
    id: MessageId,
    statuses: impl IntoIterator<Item = MessageStatus>,
) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Status.is_in(statuses))
}

/// The only statement that changes a message's status, together with the columns of `update`. Returns `false` if the
/// message is in none of the states that precede it.
async fn set_status(
    tx: &Transaction,
    update: UpdateMany<Entity>,
    to: MessageStatus,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let moved = update.col_expr(Column::Status, Expr::value(to)).exec_with_returning(tx).await?;
    for message in &moved {
        tx.changed(Change::of_status(message, now));
    }
    Ok(!moved.is_empty())
}

/// Queues a scheduled message. Returns `false` if it was cancelled or queued already.
pub async fn queue_scheduled(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let update = in_one_of(message.merchant_id, message.id, [MessageStatus::Scheduled]);
    set_status(tx, update, MessageStatus::Queued, now).await
}

/// Moves a message that has certainly not been sent back to `queued`.
pub async fn requeue(tx: &Transaction, merchant: MerchantId, id: MessageId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let update = in_one_of(merchant, id, [MessageStatus::Sending]);
    set_status(tx, update, MessageStatus::Queued, now).await.map(|_| ())
}

//! What becomes of a text, and whether it is charged: one function for each outcome, in one transaction of the caller.
//! Outcomes may arrive repeatedly and in any order: the status only moves forward, and a hold ends once.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, Entity, Message, MessageStatus, StatusUpdate, advance};
use crate::{
    Transaction, attention,
    change::{Change, ChangeKind},
    credits::{self, CreditError, HoldEnd},
    link,
};
use domain::{MerchantId, MessageId, words};

words! {
    /// When the credits of an undelivered text are charged.
    pub enum UndeliveredCredits {
        /// When the carrier accepts it, since the carrier bills it then.
        Captured = "captured",
        /// On delivery. They are held until the report, and returned if it was not delivered.
        Released = "released",
    }
}

/// The carrier has accepted it: the message is `sent`. Its credits are charged, unless they wait for the report.
pub async fn sent(
    tx: &Transaction,
    message: &Message,
    carrier_id: Option<String>,
    rule: UndeliveredCredits,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    let sent = StatusUpdate { carrier_id, ..MessageStatus::Sent.into() };
    if advance(tx, message.merchant_id, message.id, sent, now).await?
        && let Some(link) = message.link_id
    {
        link::note_message(tx, (message.merchant_id, link), now, link::TimelineEvent::Sent).await?;
    }
    match rule {
        UndeliveredCredits::Captured => end_hold(tx, message, HoldEnd::Capture, now).await,
        UndeliveredCredits::Released => Ok(()),
    }
}

/// It was delivered: its credits are charged.
pub async fn delivered(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<(), CreditError> {
    let (merchant, id) = (message.merchant_id, message.id);
    if advance(tx, merchant, id, MessageStatus::Delivered, now).await? {
        end_hold(tx, message, HoldEnd::Capture, now).await?;
        attention::resolve_delivered(tx, message, now).await?;
    }
    Ok(())
}

/// The carrier could not deliver it, for this reason. Whether credits that are still held are charged is told by the rule.
pub async fn undelivered(
    tx: &Transaction,
    message: &Message,
    why: String,
    rule: UndeliveredCredits,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    let undelivered = StatusUpdate { error: Some(why), ..MessageStatus::Undelivered.into() };
    if !advance(tx, message.merchant_id, message.id, undelivered, now).await? {
        return Ok(());
    }
    let end = match rule {
        UndeliveredCredits::Captured => HoldEnd::Capture,
        UndeliveredCredits::Released => HoldEnd::Release,
    };
    end_hold(tx, message, end, now).await?;
    needs_a_person(tx, message, MessageStatus::Undelivered, now).await.map_err(CreditError::Db)
}

/// Records that a person should know that the buyer did not get a text.
async fn needs_a_person(
    tx: &Transaction,
    message: &Message,
    status: MessageStatus,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    attention::open_undelivered(tx, &Message { status, ..message.clone() }, now).await
}

/// It was not sent, for this reason: its credits are returned. Does nothing if the carrier has accepted it after all. A
/// scheduled text is `cancelled` and needs no person.
pub async fn refused(
    tx: &Transaction,
    message: &Message,
    why: String,
    now: DateTime<Utc>,
) -> Result<bool, CreditError> {
    let is_scheduled = message.status == MessageStatus::Scheduled;
    let end = if is_scheduled { MessageStatus::Cancelled } else { MessageStatus::Failed };
    let ended = StatusUpdate { error: Some(why), ..end.into() };
    if !advance(tx, message.merchant_id, message.id, ended, now).await? {
        return Ok(false);
    }
    end_hold(tx, message, HoldEnd::Release, now).await?;
    if !is_scheduled {
        needs_a_person(tx, message, MessageStatus::Failed, now).await?;
    }
    Ok(true)
}

async fn end_hold(tx: &Transaction, message: &Message, end: HoldEnd, now: DateTime<Utc>) -> Result<(), CreditError> {
    credits::end_hold(tx, message.merchant_id, message.id, end, now).await.map(|_| ())
}

/// Leaves a message to a person, because it is unknown whether the carrier accepted it. Its credits stay held.
pub async fn leave_to_person(
    tx: &Transaction,
    merchant: MerchantId,
    id: MessageId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    advance(tx, merchant, id, MessageStatus::Unknown, now).await?;
    let left = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Status.eq(MessageStatus::Unknown))
        .filter(Column::ParkedAt.is_null())
        .exec_with_returning(tx)
        .await?;
    left_to_a_person(tx, &left, now).await
}

async fn left_to_a_person(tx: &Transaction, messages: &[Message], now: DateTime<Utc>) -> Result<(), DbErr> {
    for message in messages {
        tx.changed(Change::message(ChangeKind::MessageUpdated, message, now));
        attention::open_undelivered(tx, message, now).await?;
    }
    Ok(())
}

/// Leaves unknown messages whose command is older than `cutoff` to a person. Returns how many.
pub async fn leave_unknown_before(tx: &Transaction, cutoff: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let left = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::value(now))
        .filter(Column::Status.eq(MessageStatus::Unknown))
        .filter(Column::ParkedAt.is_null())
        .filter(Column::CreatedAt.lte(cutoff))
        .filter(Column::ScheduledFor.is_null().or(Column::ScheduledFor.lte(cutoff)))
        .exec_with_returning(tx)
        .await?;
    left_to_a_person(tx, &left, now).await?;
    Ok(left.len() as u64)
}

/// What a person found out about a message whose fate was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It was sent: its credits are charged.
    Sent,
    /// It was not sent, for this reason: its credits are returned.
    Failed(String),
}

/// Settles an `unknown` message by a person's finding. Returns `false` if it is not, or no longer, `unknown`.
pub async fn resolve(
    tx: &Transaction,
    message: &Message,
    resolution: Resolution,
    now: DateTime<Utc>,
) -> Result<bool, CreditError> {
    if message.status != MessageStatus::Unknown {
        return Ok(false);
    }
    match resolution {
        // The person's finding replaces the carrier's report.
        Resolution::Sent => {
            let sent = advance(tx, message.merchant_id, message.id, MessageStatus::Sent, now).await?;
            if sent {
                if let Some(link) = message.link_id {
                    link::note_message(tx, (message.merchant_id, link), now, link::TimelineEvent::Sent).await?;
                }
                end_hold(tx, message, HoldEnd::Capture, now).await?;
                attention::resolve_delivered(tx, message, now).await?;
            }
            Ok(sent)
        }
        Resolution::Failed(why) => refused(tx, message, why, now).await,
    }
}

//! The outcomes of a text, each with its effect on credits: one function per outcome, run in the caller's transaction. Outcomes may be
//! reported twice and in any order: the status only moves forward, and a hold is settled once.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, Entity, Message, MessageStatus, StatusUpdate, advance};
use crate::{
    Transaction, attention,
    change::{Change, ChangeKind},
    credits::{self, CreditError, Settlement},
    link,
};
use domain::{MerchantId, MessageId, words};

words! {
    /// What becomes of the credits of a text that the carrier took and could not deliver.
    pub enum UndeliveredCredits {
        /// They are spent when the carrier took it, as it bills it.
        Captured = "captured",
        /// They stay held until its report, and are given back if it was not delivered.
        Released = "released",
    }
}

/// The carrier has it: the message is `sent`. Its credits are spent, unless they wait for the report.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn accepted(
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
        link::note_message(tx, (message.merchant_id, link), now, "sent").await?;
    }
    match rule {
        UndeliveredCredits::Captured => settle(tx, message, Settlement::Capture, now).await,
        UndeliveredCredits::Released => Ok(()),
    }
}

/// It reached the phone: its credits are spent.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn delivered(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<(), CreditError> {
    let (merchant, id) = (message.merchant_id, message.id);
    if advance(tx, merchant, id, MessageStatus::Delivered, now).await? {
        settle(tx, message, Settlement::Capture, now).await?;
        attention::resolve_delivered(tx, message, now).await?;
    }
    Ok(())
}

/// The carrier could not deliver it, for this reason. What becomes of its credits is by the rule, if they are not settled.
///
/// # Errors
/// When the database refuses or does not answer.
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
    let settlement = match rule {
        UndeliveredCredits::Captured => Settlement::Capture,
        UndeliveredCredits::Released => Settlement::Release,
    };
    settle(tx, message, settlement, now).await?;
    needs_a_person(tx, message, MessageStatus::Undelivered, now).await.map_err(CreditError::Db)
}

/// Somebody should know that a text is in a state in which its buyer has not got it.
async fn needs_a_person(
    tx: &Transaction,
    message: &Message,
    status: MessageStatus,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    attention::open_undelivered(tx, &Message { status, ..message.clone() }, now).await
}

/// It was not sent, for this reason: its credits are given back. Changes nothing if the carrier has it after all. One that was
/// scheduled is `cancelled`, and nobody has to look at it.
///
/// # Errors
/// When the database refuses or does not answer.
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
    settle(tx, message, Settlement::Release, now).await?;
    if !is_scheduled {
        needs_a_person(tx, message, MessageStatus::Failed, now).await?;
    }
    Ok(true)
}

async fn settle(
    tx: &Transaction,
    message: &Message,
    settlement: Settlement,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    credits::settle(tx, message.merchant_id, message.id, settlement, now).await.map(|_| ())
}

/// Leaves a message to a person: it may have left, and nobody could say whether the carrier took it. Its credits stay held.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn park(tx: &Transaction, merchant: MerchantId, id: MessageId, now: DateTime<Utc>) -> Result<(), DbErr> {
    advance(tx, merchant, id, MessageStatus::Unknown, now).await?;
    let parked = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Status.eq(MessageStatus::Unknown))
        .filter(Column::ParkedAt.is_null())
        .exec_with_returning(tx)
        .await?;
    left_to_a_person(tx, &parked, now).await
}

async fn left_to_a_person(tx: &Transaction, messages: &[Message], now: DateTime<Utc>) -> Result<(), DbErr> {
    for message in messages {
        tx.changed(Change::message(ChangeKind::MessageUpdated, message, now));
        attention::open_undelivered(tx, message, now).await?;
    }
    Ok(())
}

/// Leaves messages to a person whose fate is unknown and whose command is older than `cutoff`; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn park_unknown_before(tx: &Transaction, cutoff: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let parked = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::value(now))
        .filter(Column::Status.eq(MessageStatus::Unknown))
        .filter(Column::ParkedAt.is_null())
        .filter(Column::CreatedAt.lte(cutoff))
        .filter(Column::ScheduledFor.is_null().or(Column::ScheduledFor.lte(cutoff)))
        .exec_with_returning(tx)
        .await?;
    left_to_a_person(tx, &parked, now).await?;
    Ok(parked.len() as u64)
}

/// What a person found out about a message of which nobody knew whether the carrier took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It was sent: its credits are spent.
    Sent,
    /// It was not, for this reason: its credits are given back.
    Failed(String),
}

/// Settles a message that is `unknown`, as a person found out; `false` if it is not, or not any more.
///
/// # Errors
/// When the database refuses or does not answer.
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
        // A person has spoken: no report is waited for.
        Resolution::Sent => {
            let sent = advance(tx, message.merchant_id, message.id, MessageStatus::Sent, now).await?;
            if sent {
                if let Some(link) = message.link_id {
                    link::note_message(tx, (message.merchant_id, link), now, "sent").await?;
                }
                settle(tx, message, Settlement::Capture, now).await?;
                attention::resolve_delivered(tx, message, now).await?;
            }
            Ok(sent)
        }
        Resolution::Failed(why) => refused(tx, message, why, now).await,
    }
}

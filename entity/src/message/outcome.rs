//! What became of a text, and of its credits with it: one function for each outcome, each in one transaction of its caller.
//! They may come twice and in any order: the status only moves forward, and a hold is settled once.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Learnt, Message, MessageStatus, advance};
use crate::{
    attention,
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
    db: &impl ConnectionTrait,
    message: &Message,
    carrier_id: Option<String>,
    rule: UndeliveredCredits,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    let learnt = Learnt { carrier_id, error: None };
    if advance(db, message.merchant_id, message.id, MessageStatus::Sent, learnt, now).await?
        && let Some(link) = message.link_id
    {
        link::note_message(db, link, now, "sent").await?;
    }
    match rule {
        UndeliveredCredits::Captured => settle(db, message, Settlement::Capture, now).await,
        UndeliveredCredits::Released => Ok(()),
    }
}

/// It reached the phone: its credits are spent.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn delivered(db: &impl ConnectionTrait, message: &Message, now: DateTime<Utc>) -> Result<(), CreditError> {
    let (merchant, id) = (message.merchant_id, message.id);
    if advance(db, merchant, id, MessageStatus::Delivered, Learnt::default(), now).await? {
        settle(db, message, Settlement::Capture, now).await?;
        attention::resolve_delivered(db, message, now).await?;
    }
    Ok(())
}

/// The carrier could not deliver it, for this reason. What becomes of its credits is by the rule, if they are not settled.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn undelivered(
    db: &impl ConnectionTrait,
    message: &Message,
    why: String,
    rule: UndeliveredCredits,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    let learnt = Learnt { carrier_id: None, error: Some(why) };
    if !advance(db, message.merchant_id, message.id, MessageStatus::Undelivered, learnt, now).await? {
        return Ok(());
    }
    let settlement = match rule {
        UndeliveredCredits::Captured => Settlement::Capture,
        UndeliveredCredits::Released => Settlement::Release,
    };
    settle(db, message, settlement, now).await?;
    needs_a_person(db, message, MessageStatus::Undelivered, now).await.map_err(CreditError::Db)
}

/// Somebody should know that a text is in a state in which its buyer has not got it.
async fn needs_a_person(
    db: &impl ConnectionTrait,
    message: &Message,
    status: MessageStatus,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    attention::open_undelivered(db, &Message { status, ..message.clone() }, now).await
}

/// It was not sent, for this reason: its credits are given back. Changes nothing if the carrier has it after all.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn refused(
    db: &impl ConnectionTrait,
    message: &Message,
    why: String,
    now: DateTime<Utc>,
) -> Result<bool, CreditError> {
    let learnt = Learnt { carrier_id: None, error: Some(why) };
    if !advance(db, message.merchant_id, message.id, MessageStatus::Failed, learnt, now).await? {
        return Ok(false);
    }
    settle(db, message, Settlement::Release, now).await?;
    needs_a_person(db, message, MessageStatus::Failed, now).await?;
    Ok(true)
}

async fn settle(
    db: &impl ConnectionTrait,
    message: &Message,
    settlement: Settlement,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    credits::settle(db, message.merchant_id, message.id, settlement, now).await.map(|_| ())
}

/// Leaves a message to a person: it may have left, and nobody could say whether the carrier took it. Its credits stay held.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn park(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: MessageId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    advance(db, merchant, id, MessageStatus::Unknown, Learnt::default(), now).await?;
    let left = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Status.eq(MessageStatus::Unknown))
        .filter(Column::ParkedAt.is_null())
        .exec_with_returning(db)
        .await?;
    parked(db, &left, now).await
}

async fn parked(db: &impl ConnectionTrait, left: &[Message], now: DateTime<Utc>) -> Result<(), DbErr> {
    for message in left {
        attention::open_undelivered(db, message, now).await?;
    }
    Ok(())
}

/// Leaves messages to a person whose fate is unknown and whose command is older than `cutoff`; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn park_unknown_before(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let left = Entity::update_many()
        .col_expr(Column::ParkedAt, Expr::value(now))
        .filter(Column::Status.eq(MessageStatus::Unknown))
        .filter(Column::ParkedAt.is_null())
        .filter(Column::CreatedAt.lte(cutoff))
        .exec_with_returning(db)
        .await?;
    parked(db, &left, now).await?;
    Ok(left.len() as u64)
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
    db: &impl ConnectionTrait,
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
            let sent =
                advance(db, message.merchant_id, message.id, MessageStatus::Sent, Learnt::default(), now).await?;
            if sent {
                if let Some(link) = message.link_id {
                    link::note_message(db, link, now, "sent").await?;
                }
                settle(db, message, Settlement::Capture, now).await?;
                attention::resolve_delivered(db, message, now).await?;
            }
            Ok(sent)
        }
        Resolution::Failed(why) => refused(db, message, why, now).await,
    }
}

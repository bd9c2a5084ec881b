//! What a text costs: held with its command, then captured when the carrier accepts it, or released when it refuses.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{Column, CreditError, Entity, EntryKind, Move, append};
use crate::{Transaction, merchant, message};
use domain::{MerchantId, MessageId};

/// Holds credits for a message, in the command's own transaction.
///
/// # Errors
/// Returns [`CreditError::Insufficient`] without changing anything, or an error if the database query fails.
pub async fn hold(
    tx: &Transaction,
    merchant: MerchantId,
    message: MessageId,
    credits: i64,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    if credits <= 0 {
        return Err(CreditError::NotPositive);
    }
    let moved = Move {
        kind: EntryKind::Hold,
        available: -credits,
        held: credits,
        message: Some(message),
        purchase: None,
        note: None,
    };
    append(tx, merchant, moved, now).await.map(|_| ())
}

/// How a hold ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEnd {
    /// The carrier accepted the message.
    Capture,
    /// The message was definitely not sent.
    Release,
}

/// Ends a message's hold, once. Returns `false` if it had ended before.
///
/// # Errors
/// Returns [`CreditError::NoHold`] if there is none, or an error if the database query fails.
pub async fn end_hold(
    tx: &Transaction,
    merchant: MerchantId,
    message: MessageId,
    end: HoldEnd,
    now: DateTime<Utc>,
) -> Result<bool, CreditError> {
    // Follows the order of locks: whoever changes the message holds its lock and then locks the merchant here.
    message::hold(tx, message).await?;
    // The merchant's row is the lock for writing to its ledger. Rows that only reference it can still be written.
    merchant::Entity::find_by_id(merchant).lock(LockType::NoKeyUpdate).one(tx).await?;
    let entries =
        Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::MessageId.eq(message)).all(tx).await?;
    if entries.iter().any(|entry| matches!(entry.kind, EntryKind::Capture | EntryKind::Release)) {
        return Ok(false);
    }
    let hold = entries.iter().find(|entry| entry.kind == EntryKind::Hold).ok_or(CreditError::NoHold(message))?;
    let (kind, available) = match end {
        HoldEnd::Capture => (EntryKind::Capture, 0),
        HoldEnd::Release => (EntryKind::Release, hold.held_delta),
    };
    let moved = Move { kind, available, held: -hold.held_delta, message: Some(message), purchase: None, note: None };
    append(tx, merchant, moved, now).await?;
    Ok(true)
}

//! Texts after restoring a backup: what was unsent in the backup may have been sent since.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, QuerySelect, entity::prelude::*};

use crate::Transaction;

use super::{Column, Direction, Entity, advance};
use domain::{MerchantId, MessageId, message::MessageStatus};

/// So many rows at once.
const PAGE: u64 = 500;

/// Makes `unknown` of every text that had not left when the backup was made, unless its time is yet to come: it is not sent before the
/// carrier's record or a person has said whether it left since. Answers how many.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn hold_unsent(tx: &Transaction, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut held = 0;
    loop {
        let page: Vec<(MerchantId, MessageId)> = Entity::find()
            .select_only()
            .columns([Column::MerchantId, Column::Id])
            .filter(Column::Direction.eq(Direction::Outgoing))
            .filter(
                Column::Status
                    .is_in([MessageStatus::Queued, MessageStatus::Sending])
                    .or(Column::Status.eq(MessageStatus::Scheduled).and(Column::ScheduledFor.lte(now))),
            )
            .limit(PAGE)
            .into_tuple()
            .all(tx)
            .await?;
        for (merchant, id) in &page {
            // `unknown` is what follows `sending` only.
            advance(tx, *merchant, *id, MessageStatus::Sending, now).await?;
            advance(tx, *merchant, *id, MessageStatus::Unknown, now).await?;
            held += 1;
        }
        if page.is_empty() {
            return Ok(held);
        }
    }
}

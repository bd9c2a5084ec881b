//! Texts after restoring a backup: what was unsent in the backup may have been sent since.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, QuerySelect, entity::prelude::*};

use crate::Transaction;

use super::{Column, Direction, Entity, advance};
use domain::{MerchantId, MessageId, message::MessageStatus};

/// The number of rows per query.
const PAGE: u64 = 500;

/// What is held of the texts.
#[derive(Debug, Default)]
pub struct HeldTexts {
    /// How many texts are held.
    pub count: u64,
    /// Those that were scheduled. No job has been enqueued for them that would ask the carrier.
    pub scheduled: Vec<(MerchantId, MessageId)>,
}

/// Marks every text that had not been sent at the backup as `unknown`, unless its time has not come: it may have been
/// sent since, so the carrier's records or a person must decide first.
pub async fn hold_unsent(tx: &Transaction, now: DateTime<Utc>) -> Result<HeldTexts, DbErr> {
    let mut held = HeldTexts::default();
    loop {
        let page: Vec<(MerchantId, MessageId, MessageStatus)> = Entity::find()
            .select_only()
            .columns([Column::MerchantId, Column::Id, Column::Status])
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
        for (merchant, id, status) in &page {
            // Only `sending` leads to `unknown`.
            advance(tx, *merchant, *id, MessageStatus::Sending, now).await?;
            advance(tx, *merchant, *id, MessageStatus::Unknown, now).await?;
            held.count += 1;
            if *status == MessageStatus::Scheduled {
                held.scheduled.push((*merchant, *id));
            }
        }
        if page.is_empty() {
            return Ok(held);
        }
    }
}

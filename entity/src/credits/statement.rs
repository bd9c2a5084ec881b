//! Reading the ledger.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::Query};

use super::{Column, CreditEntry, Entity, EntryKind};
use crate::{Message, message};
use domain::{CreditEntryId, MerchantId, MessageId, message::MessageStatus};

/// A page of the merchant's ledger, newest first. `before` is the last entry of the page before.
pub async fn entries(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    before: Option<CreditEntryId>,
    changing: bool,
    limit: u64,
) -> Result<Vec<CreditEntry>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if changing {
        query = query.filter(Column::AvailableDelta.ne(0_i64));
    }
    if let Some(before) = before {
        let before = Entity::find_by_id(before).filter(Column::MerchantId.eq(merchant)).one(db).await?;
        query = query.filter(Column::Number.lt(before.map_or(0, |entry| entry.number)));
    }
    query.order_by_desc(Column::Number).limit(limit).all(db).await
}

/// A page of the merchant's ledger as a statement: oldest first, after entry number `after`.
pub async fn statement(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    after: i64,
    limit: u64,
) -> Result<Vec<CreditEntry>, DbErr> {
    Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Number.gt(after))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(db)
        .await
}

/// Messages that the carrier accepted before `cutoff` without a delivery report, so that their credits are still held.
/// At most `limit`, by id, after `after`.
pub async fn held_without_report(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    after: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Message>, DbErr> {
    let ended = Query::select()
        .column(Column::MessageId)
        .from(Entity)
        .and_where(Column::Kind.is_in([EntryKind::Capture, EntryKind::Release]))
        .and_where(Expr::col((Entity, Column::MessageId)).equals((message::Entity, message::Column::Id)))
        .to_owned();
    let mut query = message::Entity::find()
        .filter(message::Column::Status.eq(MessageStatus::Sent))
        .filter(message::Column::SentAt.lte(cutoff))
        .filter(Expr::not_exists(ended));
    if let Some(after) = after {
        query = query.filter(message::Column::Id.gt(after));
    }
    query.order_by_asc(message::Column::Id).limit(limit).all(db).await
}

//! Reads a merchant's changes by number.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{
    count,
    numbered::NumberedChange,
    set::{Column, Entity, MOST},
};
use crate::Transaction;
use domain::MerchantId;

/// The most rows of old changes that one statement removes.
const FORGOTTEN_AT_ONCE: u64 = 1_000;

/// The state of a merchant's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// The number of the latest change; 0 before the first.
    pub last_seq: i64,
    /// Whether there are changes that were not numbered yet.
    pub has_more: bool,
}

/// The state of a merchant's feed.
pub async fn feed(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Feed, DbErr> {
    let unnumbered = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::LastSeq.is_null())
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    let count = count::Entity::find_by_id(merchant).one(db).await?;
    Ok(Feed { last_seq: count.map_or(0, |count| count.last_seq), has_more: unnumbered.is_some() })
}

/// A merchant's changes after number `after`, in order. If the next ones were already removed, the list does not start
/// with `after + 1`, or is empty.
pub async fn after(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    after: i64,
    limit: u64,
) -> Result<Vec<NumberedChange>, DbErr> {
    // Numbers have no gaps, so the wanted ones end at this number; the row of the last may go beyond it.
    let last = after.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX));
    let a_row = i64::try_from(MOST).unwrap_or(i64::MAX);
    let sets = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::LastSeq.gt(after))
        .filter(Column::LastSeq.lt(last.saturating_add(a_row)))
        .order_by_asc(Column::LastSeq)
        .limit(limit)
        .all(db)
        .await?;
    let mut changes = Vec::new();
    for set in sets {
        changes.extend(set.numbered()?.into_iter().filter(|change| (after + 1..=last).contains(&change.seq)));
    }
    Ok(changes)
}

/// The number of a merchant's oldest stored change.
pub async fn oldest(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<i64>, DbErr> {
    let oldest = Entity::find()
        .select_only()
        .columns([Column::LastSeq, Column::Count])
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::LastSeq.is_not_null())
        .order_by_asc(Column::LastSeq)
        .into_tuple::<(i64, i64)>()
        .one(db)
        .await?;
    Ok(oldest.map(|(last, count)| last - count + 1))
}

/// The number of roughly the first of a merchant's changes at or after a time. No such change comes before it.
pub(crate) async fn first_since(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    since: DateTime<Utc>,
) -> Result<i64, DbErr> {
    /// Changes are numbered in the order of their commits, which may differ slightly from that of their times.
    const NEARBY: i64 = 1_000;
    let Some(oldest) = oldest(db, merchant).await? else { return Ok(1) };
    let (mut before, mut from) = (oldest, feed(db, merchant).await?.last_seq + 1);
    while before < from {
        let middle = before + (from - before) / 2;
        match after(db, merchant, middle - 1, 1).await?.pop() {
            Some(found) if found.at < since => before = middle + 1,
            Some(_) | None => from = middle,
        }
    }
    Ok(Ord::max(from - NEARBY, oldest))
}

/// Makes every reader start over, because the database was restored to a time before changes that they have read. Skips
/// the numbers assigned since then, and removes all numbered changes.
pub async fn begin_anew(tx: &Transaction) -> Result<(), DbErr> {
    /// More than the changes of any merchant between a backup and its restoration.
    const JUMP: i64 = 1_000_000_000;
    count::Entity::update_many()
        .col_expr(count::Column::LastSeq, Expr::col(count::Column::LastSeq).add(JUMP))
        .exec(tx)
        .await?;
    Entity::delete_many().filter(Column::LastSeq.is_not_null()).exec(tx).await.map(|_| ())
}

/// Removes numbered changes older than `cutoff`. Returns how many rows.
pub async fn forget_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut forgotten = 0;
    loop {
        // Ids are in order of time, so old rows come first and no index on the time is needed.
        let old: Vec<(i64, DateTime<Utc>, Option<i64>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::At, Column::LastSeq])
            .order_by_asc(Column::Id)
            .limit(FORGOTTEN_AT_ONCE)
            .into_tuple()
            .all(db)
            .await?;
        let ids = old.into_iter().take_while(|(_, at, seq)| *at < cutoff && seq.is_some()).map(|(id, ..)| id);
        let ids: Vec<i64> = ids.collect();
        if ids.is_empty() {
            return Ok(forgotten);
        }
        forgotten += Entity::delete_many().filter(Column::Id.is_in(ids)).exec(db).await?.rows_affected;
    }
}

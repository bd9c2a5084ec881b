//! Reading a merchant's changes by their numbers.

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{
    count,
    row::{Column, Entity, Model},
};
use domain::MerchantId;

/// How many old changes are removed by one statement.
const FORGOTTEN_AT_ONCE: u64 = 1_000;

/// How a merchant's feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// The number of the last change; 0 before the first.
    pub last_seq: i64,
    /// Whether there are changes that have no number yet.
    pub has_more: bool,
}

/// How a merchant's feed stands.
///
/// # Errors
/// When the database does not answer.
pub async fn feed(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Feed, DbErr> {
    let unnumbered = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Seq.is_null())
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    let count = count::Entity::find_by_id(merchant).one(db).await?;
    Ok(Feed { last_seq: count.map_or(0, |count| count.last_seq), has_more: unnumbered.is_some() })
}

/// A merchant's changes after number `after`, in their order. If the oldest of them were removed already, the first is not `after + 1`.
///
/// # Errors
/// When the database does not answer.
pub async fn after(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Seq.gt(after))
        .order_by_asc(Column::Seq)
        .limit(limit)
        .all(db)
        .await
}

/// The oldest change of a merchant that is kept.
///
/// # Errors
/// When the database does not answer.
pub async fn oldest(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<Model>, DbErr> {
    Ok(after(db, merchant, 0, 1).await?.pop())
}

/// Removes numbered changes that are older than `cutoff`; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut forgotten = 0;
    loop {
        // Ids come with time, so that no index on the time is needed: what is old is at the beginning.
        let old: Vec<(i64, DateTime<Utc>, Option<i64>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::At, Column::Seq])
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

//! The processes that hold keys: each says from time to time that it is alive, for all the keys that it holds.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use domain::KeyHolderId;

use super::LEASE;

/// A process.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_holder")]
pub struct Model {
    /// Its id, which it chose when it started.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: KeyHolderId,
    /// Until when it holds its keys, unless it renews that.
    pub alive_until: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Holds all keys of this process for another [`LEASE`].
pub async fn renew(db: &impl ConnectionTrait, holder: KeyHolderId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let row = ActiveModel { id: Set(holder), alive_until: Set(now + LEASE) };
    let again = OnConflict::column(Column::Id).update_column(Column::AliveUntil).to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(db).await.map(|_| ())
}

/// Until when this process holds its keys by what it said last, if it said that.
pub(super) async fn alive_until(
    db: &impl ConnectionTrait,
    holder: KeyHolderId,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    Ok(Entity::find_by_id(holder).one(db).await?.map(|process| process.alive_until))
}

/// Removes the processes that were last alive before then.
pub(super) async fn forget_before(db: &impl ConnectionTrait, time: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::AliveUntil.lt(time)).exec(db).await.map(|_| ())
}

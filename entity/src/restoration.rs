//! Restorations: when this installation was restored from a backup, and to which time.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

/// A restoration.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "restoration")]
pub struct Model {
    /// When it was restored.
    #[sea_orm(primary_key, auto_increment = false)]
    pub restored_at: DateTime<Utc>,
    /// The time it was restored to.
    pub restored_to: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether the installation was restored after this time. What was received before may have been answered then.
pub async fn is_later_than(db: &impl ConnectionTrait, time: DateTime<Utc>) -> Result<bool, DbErr> {
    Ok(Entity::find().filter(Column::RestoredAt.gte(time)).one(db).await?.is_some())
}

/// Records a restoration.
pub async fn record(db: &impl ConnectionTrait, restored_to: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let row = ActiveModel { restored_at: Set(now), restored_to: Set(restored_to) };
    row.insert(db).await.map(|_| ())
}

//! Restorations: when this installation was reset to an earlier time, and to which.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

/// A restoration.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "restoration")]
pub struct Model {
    /// When it was done.
    #[sea_orm(primary_key, auto_increment = false)]
    pub restored_at: DateTime<Utc>,
    /// As of when everything was from then on.
    pub restored_to: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Notes one.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn record(db: &impl ConnectionTrait, restored_to: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let row = ActiveModel { restored_at: Set(now), restored_to: Set(restored_to) };
    row.insert(db).await.map(|_| ())
}

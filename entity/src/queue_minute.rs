//! How the queues stood at the end of each minute, and how many jobs were done in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::OnConflict};
use serde::{Deserialize, Serialize};

use crate::json_column::{read_json, stored_json};

/// A minute.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue_minute")]
pub struct Model {
    /// When it began.
    #[sea_orm(primary_key, auto_increment = false)]
    pub minute: DateTime<Utc>,
    /// As JSON, how many jobs were done by kind; kinds without any are left out.
    pub done: String,
    /// As JSON, how many jobs waited by kind; `None` if Redis did not answer.
    pub depths: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// How many jobs of a kind waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteDepth {
    /// For a worker.
    pub ready: u64,
    /// For their time.
    pub delayed: u64,
}

/// What was measured of a minute. Kinds of which there is nothing to tell are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMinute {
    /// When it began.
    pub minute: DateTime<Utc>,
    /// How many jobs were done in it, by kind.
    pub done: BTreeMap<String, u64>,
    /// How many jobs waited at its end, by kind; `None` if Redis did not answer.
    pub depths: Option<BTreeMap<String, MinuteDepth>>,
}

/// Records a minute, unless another scheduler has.
pub async fn record(db: &impl ConnectionTrait, measured: &QueueMinute) -> Result<(), DbErr> {
    let row = ActiveModel {
        minute: Set(measured.minute),
        done: Set(stored_json(&measured.done)?),
        depths: Set(measured.depths.as_ref().map(stored_json).transpose()?),
    };
    let once = OnConflict::column(Column::Minute).do_nothing().to_owned();
    match Entity::insert(row).on_conflict(once).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The minutes since then, oldest first.
///
/// # Errors
/// Returns an error if the database query fails or a row is damaged.
pub async fn since(db: &impl ConnectionTrait, time: DateTime<Utc>) -> Result<Vec<QueueMinute>, DbErr> {
    let rows = Entity::find().filter(Column::Minute.gte(time)).order_by_asc(Column::Minute).all(db).await?;
    let read = |row: Model| {
        let depths = row.depths.as_deref().map(read_json).transpose()?;
        Ok(QueueMinute { minute: row.minute, done: read_json(&row.done)?, depths })
    };
    rows.into_iter().map(read).collect()
}

/// Deletes the minutes before then.
pub async fn forget_before(db: &impl ConnectionTrait, time: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Minute.lt(time)).exec(db).await.map(|_| ())
}

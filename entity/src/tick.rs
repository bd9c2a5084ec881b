//! The progress of each scheduler tick, so that missed ticks are caught up.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    entity::prelude::*,
    sea_query::{ExprTrait, OnConflict},
};

/// A tick and the time of its latest run.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tick")]
pub struct Model {
    /// The name of the tick.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The latest time it was due and done.
    pub last_due: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The latest time at which a tick was due and done.
pub async fn last_due(db: &impl ConnectionTrait, name: &str) -> Result<Option<DateTime<Utc>>, DbErr> {
    Ok(Entity::find_by_id(name.to_owned()).one(db).await?.map(|tick| tick.last_due))
}

/// All ticks.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().all(db).await
}

/// Deletes the record of a tick if it is still this one, so that the tick counts as never done and is caught up.
/// Returns whether it was.
pub async fn take_back(db: &impl ConnectionTrait, name: &str, mark: DateTime<Utc>) -> Result<bool, DbErr> {
    let marked = Entity::delete_many().filter(Column::Name.eq(name)).filter(Column::LastDue.eq(mark));
    Ok(marked.exec(db).await?.rows_affected == 1)
}

/// Records that a tick was done for the time it was due. A scheduler that was frozen during a tick does not move the
/// record back.
pub async fn done(db: &impl ConnectionTrait, name: &str, due: DateTime<Utc>) -> Result<(), DbErr> {
    let row = ActiveModel { name: Set(name.to_owned()), last_due: Set(due) };
    let latest = OnConflict::column(Column::Name)
        .update_column(Column::LastDue)
        .action_and_where(Expr::col((Entity, Column::LastDue)).lt(due))
        .to_owned();
    Entity::insert(row).on_conflict(latest).exec_without_returning(db).await.map(|_| ())
}

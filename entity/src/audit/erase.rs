//! Erasing details, since they may name people. Who did what and when stays.

use chrono::{DateTime, Utc};
use sea_orm::{Condition, entity::prelude::*, sea_query::IntoCondition};

use super::{Column, Entity};

/// Erases the details of a subject's entries, since they may name people. Who did what and when stays.
pub(crate) async fn erase_details(db: &impl ConnectionTrait, subject: &str) -> Result<(), DbErr> {
    erase(db, Column::Subject.eq(subject)).await.map(|_| ())
}

/// Erases the details of several subjects' entries.
pub(crate) async fn erase_details_of(
    db: &impl ConnectionTrait,
    subjects: impl IntoIterator<Item = String>,
) -> Result<(), DbErr> {
    let subjects: Vec<String> = subjects.into_iter().collect();
    for some in subjects.chunks(MOST_SUBJECTS) {
        erase(db, Column::Subject.is_in(some.iter().map(String::as_str))).await?;
    }
    Ok(())
}

/// The most subjects in one statement.
const MOST_SUBJECTS: usize = 500;

/// Prefixes of the actions that concern buyers.
const ABOUT_BUYERS: [&str; 5] = ["link.", "message.", "attention.", "conversation.", "order."];

/// Erases the details of entries from before `cutoff` that concern buyers. Returns how many.
pub async fn erase_details_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let is_about_buyers =
        ABOUT_BUYERS.into_iter().fold(Condition::any(), |any, begin| any.add(Column::Action.starts_with(begin)));
    erase(db, Condition::all().add(Column::At.lte(cutoff)).add(is_about_buyers)).await
}

async fn erase(db: &impl ConnectionTrait, which: impl IntoCondition) -> Result<u64, DbErr> {
    Entity::update_many()
        .col_expr(Column::Detail, Expr::value(Option::<String>::None))
        .filter(Column::Detail.is_not_null())
        .filter(which.into_condition())
        .exec(db)
        .await
        .map(|result| result.rows_affected)
}

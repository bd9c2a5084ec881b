//! Jobs of kinds that this version does not know.

use chrono::{DateTime, TimeDelta, Utc};
use entity::job::{Column, Entity, JobState};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::Kind;

/// How long such a job waits for a version that knows its kind: longer than a rolling upgrade takes.
const GRACE: TimeDelta = TimeDelta::hours(1);

const WHY: &str = "no version that runs here knows this kind of job";

/// Dead-letters jobs of unknown kinds that have been due for an hour, so that an operator sees them. Returns how many.
/// Until then they hold up nothing, because Redis is not notified of them.
pub async fn dead_letter_unknown_kinds(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let dead = Entity::update_many()
        .col_expr(Column::State, Expr::value(JobState::Dead))
        .col_expr(Column::LastError, Expr::value(WHY))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::State.eq(JobState::Queued))
        .filter(Column::RunAt.lte(now - GRACE))
        .filter(Column::Kind.is_not_in(Kind::ALL.map(Kind::as_str)))
        .exec(db)
        .await?;
    Ok(dead.rows_affected)
}

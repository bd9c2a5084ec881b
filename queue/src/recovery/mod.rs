//! Maintenance by the scheduler: notifies again of jobs whose notification was lost, and removes old finished ones.

mod unknown_kinds;

use chrono::{DateTime, TimeDelta, Utc};
use domain::JobId;
use entity::{
    job::{Column, Entity, Job as Row, JobState},
    pause,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};

use crate::{EnqueuedJob, Kind, enqueue::lane, flow::Paused};

pub use unknown_kinds::dead_letter_unknown_kinds;

/// How late a row may be before its notification counts as lost: longer than a healthy worker takes to claim it.
const OVERDUE: TimeDelta = TimeDelta::seconds(10);

/// A page of jobs that Redis is to be notified of.
#[derive(Debug)]
pub struct QueuedPage {
    /// The jobs. A row of a kind that this version does not know is not among them: it waits for a version that does.
    pub enqueued: Vec<EnqueuedJob>,
    /// The last row of the page, from which the next goes on; absent when there are no more.
    pub last: Option<JobId>,
}

/// A page of jobs whose notification should have been answered by now, in the order of their ids. To notify of one that
/// Redis has already does no harm. What is paused is passed by.
///
/// # Errors
/// When the database does not answer.
pub async fn overdue(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<JobId>,
    limit: u64,
) -> Result<QueuedPage, DbErr> {
    queued_page(db, QueuedQuery { due_by: Some(now - OVERDUE), after, limit, ..QueuedQuery::default() }).await
}

/// A page of all jobs that are not finished nor paused, whenever they are due, in the order of their ids: what an empty Redis is
/// filled from.
///
/// # Errors
/// When the database does not answer.
pub async fn queued(db: &impl ConnectionTrait, after: Option<JobId>, limit: u64) -> Result<QueuedPage, DbErr> {
    queued_page(db, QueuedQuery { after, limit, ..QueuedQuery::default() }).await
}

/// A page of the jobs of one kind or merchant that are not finished nor paused otherwise: what Redis is notified of when a pause has
/// ended.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn queued_of(
    db: &impl ConnectionTrait,
    of: Paused,
    after: Option<JobId>,
    limit: u64,
) -> Result<QueuedPage, DbErr> {
    queued_page(db, QueuedQuery { of: Some(of), after, limit, ..QueuedQuery::default() }).await
}

/// Which rows a page is made of.
#[derive(Default)]
struct QueuedQuery {
    due_by: Option<DateTime<Utc>>,
    of: Option<Paused>,
    after: Option<JobId>,
    limit: u64,
}

async fn queued_page(db: &impl ConnectionTrait, rows: QueuedQuery) -> Result<QueuedPage, DbErr> {
    // Spelled out, as `SQLite` uses no partial index for a parameter.
    let mut query = Entity::find().filter(Expr::cust("state = 'queued'")).filter(not_paused());
    if let Some(due_by) = rows.due_by {
        query = query.filter(Column::RunAt.lte(due_by));
    }
    query = match rows.of {
        Some(Paused::Kind(kind)) => query.filter(Column::Kind.eq(kind.as_str())),
        Some(Paused::Merchant(merchant)) => query.filter(Column::MerchantId.eq(merchant)),
        None => query,
    };
    if let Some(after) = rows.after {
        query = query.filter(Column::Id.gt(after));
    }
    let found = query.order_by_asc(Column::Id).limit(rows.limit).all(db).await?;
    Ok(QueuedPage { last: found.last().map(|row| row.id), enqueued: found.iter().filter_map(enqueued_job).collect() })
}

fn not_paused() -> Condition {
    let paused = |column: pause::Column| {
        let subjects = pause::Entity::find().select_only().column(column).filter(column.is_not_null());
        subjects.into_query()
    };
    Condition::all().add(Column::Kind.not_in_subquery(paused(pause::Column::Kind))).add(
        Condition::any()
            .add(Column::MerchantId.is_null())
            .add(Column::MerchantId.not_in_subquery(paused(pause::Column::MerchantId))),
    )
}

pub(crate) fn enqueued_job(row: &Row) -> Option<EnqueuedJob> {
    let kind: Kind = row.kind.parse().ok()?;
    Some(EnqueuedJob { job: row.id, kind, lane: lane(row.merchant_id, row.dedup_key.as_deref()), run_at: row.run_at })
}

/// Removes jobs that were done or thrown away longer than `retention` ago; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn clean(db: &impl ConnectionTrait, retention: TimeDelta, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let gone = Entity::delete_many()
        .filter(Column::State.is_in([JobState::Done, JobState::Discarded]))
        .filter(Column::FinishedAt.lte(now - retention))
        .exec(db)
        .await?;
    Ok(gone.rows_affected)
}

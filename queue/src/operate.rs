//! What the scheduler and operators do with jobs: ring again, look, retry, discard, clean.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    JobId, MerchantId, contains,
    job::{Column, Entity, Job as Row, JobState},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use crate::{Kind, Ticket, attempt::OVERDUE, promise::lane};

/// A page of jobs to ring.
#[derive(Debug)]
pub struct Page {
    /// The jobs to ring. A row of a kind that this version does not know is not among them: it waits for a version that does.
    pub tickets: Vec<Ticket>,
    /// The last row of the page, from which the next goes on; absent when there are no more.
    pub last: Option<JobId>,
}

/// A page of jobs whose bell should have been answered by now, in the order of their ids. To ring one that is queued or being
/// done in Redis costs nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn overdue(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<JobId>,
    limit: u64,
) -> Result<Page, DbErr> {
    queued_page(db, Some(now - OVERDUE), after, limit).await
}

/// A page of all jobs that are not finished, whenever they are due, in the order of their ids: what an empty Redis is filled from.
///
/// # Errors
/// When the database does not answer.
pub async fn queued(db: &impl ConnectionTrait, after: Option<JobId>, limit: u64) -> Result<Page, DbErr> {
    queued_page(db, None, after, limit).await
}

async fn queued_page(
    db: &impl ConnectionTrait,
    due_by: Option<DateTime<Utc>>,
    after: Option<JobId>,
    limit: u64,
) -> Result<Page, DbErr> {
    let mut query = Entity::find().filter(Column::State.eq(JobState::Queued));
    if let Some(due_by) = due_by {
        query = query.filter(Column::RunAt.lte(due_by));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query.order_by_asc(Column::Id).limit(limit).all(db).await?;
    Ok(Page { last: rows.last().map(|row| row.id), tickets: rows.iter().filter_map(ticket).collect() })
}

fn ticket(row: &Row) -> Option<Ticket> {
    let kind: Kind = row.kind.parse().ok()?;
    Some(Ticket { job: row.id, kind, lane: lane(row.merchant_id), run_at: row.run_at })
}

/// What a list of jobs is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// The state.
    pub state: Option<JobState>,
    /// The kind.
    pub kind: Option<Kind>,
    /// For whom.
    pub merchant: Option<MerchantId>,
    /// Part of the last error, whatever its case.
    pub error: Option<String>,
    /// Only jobs that were promised before this time.
    pub promised_before: Option<DateTime<Utc>>,
    /// Only jobs older than this one: the cursor.
    pub before: Option<JobId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of jobs, newest first. Operators only: it looks across merchants.
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &impl ConnectionTrait, filter: JobFilter) -> Result<Vec<Row>, DbErr> {
    let mut query = Entity::find();
    if let Some(state) = filter.state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(Column::Kind.eq(kind.as_str()));
    }
    if let Some(merchant) = filter.merchant {
        query = query.filter(Column::MerchantId.eq(merchant));
    }
    if let Some(error) = &filter.error {
        query = query.filter(contains(Column::LastError, error));
    }
    if let Some(time) = filter.promised_before {
        query = query.filter(Column::CreatedAt.lt(time));
    }
    if let Some(before) = filter.before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(filter.limit).all(db).await
}

/// The job. Operators only.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, id: JobId) -> Result<Option<Row>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// Has a job that was given up tried again, from the start of its policy; `None` if it is not one.
///
/// # Errors
/// When the database does not answer.
pub async fn retry_now(db: &impl ConnectionTrait, id: JobId, now: DateTime<Utc>) -> Result<Option<Ticket>, DbErr> {
    let revived = Entity::update_many()
        .col_expr(Column::State, Expr::value(JobState::Queued))
        .col_expr(Column::Attempt, Expr::value(0_i64))
        .col_expr(Column::Crashes, Expr::value(0_i64))
        .col_expr(Column::RunAt, Expr::value(now))
        .col_expr(Column::CreatedAt, Expr::value(now))
        .col_expr(Column::FinishedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(JobState::Dead))
        .exec_with_returning(db)
        .await?;
    Ok(revived.first().and_then(ticket))
}

/// Throws a job away that was given up; `false` if it is not one.
///
/// # Errors
/// When the database does not answer.
pub async fn discard(db: &impl ConnectionTrait, id: JobId, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let discarded = Entity::update_many()
        .col_expr(Column::State, Expr::value(JobState::Discarded))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(JobState::Dead))
        .exec(db)
        .await?;
    Ok(discarded.rows_affected == 1)
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

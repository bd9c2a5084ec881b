//! Maintenance of the scheduler: finds jobs whose notification was lost, and removes finished ones.

mod unknown_kinds;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{JobId, MerchantId};
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

/// How late a job may be before its notification counts as lost: longer than a healthy worker takes to claim it.
const OVERDUE: TimeDelta = TimeDelta::seconds(10);

/// How many jobs are deleted by one statement: after years without a scheduler there are millions.
const CLEANED_AT_ONCE: u64 = 5_000;

/// A page of jobs to notify Redis of.
#[derive(Debug)]
pub struct QueuedPage {
    /// The jobs. Rows of a kind unknown to this version are left out; they wait for a version that knows it.
    pub enqueued: Vec<EnqueuedJob>,
    /// The cursor of the next page, the id of this page's last row; `None` at the end.
    pub last: Option<JobId>,
}

/// A page of jobs that should have been claimed by now, in order of id. Notifying Redis of a job it already has is
/// harmless. Paused jobs are skipped.
pub async fn overdue(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<JobId>,
    limit: u64,
) -> Result<QueuedPage, DbErr> {
    queued_page(db, QueuedQuery { due_by: Some(now - OVERDUE), after, limit, ..QueuedQuery::default() }).await
}

/// A page of all unfinished jobs that are not paused, whenever they are due, in order of id. Used to refill an empty
/// Redis.
pub async fn queued(db: &impl ConnectionTrait, after: Option<JobId>, limit: u64) -> Result<QueuedPage, DbErr> {
    queued_page(db, QueuedQuery { after, limit, ..QueuedQuery::default() }).await
}

/// A page of one kind's or merchant's unfinished jobs that are not paused by something else. Redis is notified of them
/// when a pause ends.
pub(crate) async fn queued_of(
    db: &impl ConnectionTrait,
    of: Paused,
    after: Option<JobId>,
    limit: u64,
) -> Result<QueuedPage, DbErr> {
    queued_page(db, QueuedQuery { of: Some(of), after, limit, ..QueuedQuery::default() }).await
}

/// Selects the rows of a page.
#[derive(Default)]
struct QueuedQuery {
    due_by: Option<DateTime<Utc>>,
    of: Option<Paused>,
    after: Option<JobId>,
    limit: u64,
}

async fn queued_page(db: &impl ConnectionTrait, rows: QueuedQuery) -> Result<QueuedPage, DbErr> {
    // A literal, because SQLite does not use a partial index for a bound parameter.
    let mut query = Entity::find().filter(Expr::cust("state = 'queued'")).filter(not_paused());
    if let Some(due_by) = rows.due_by {
        query = query.filter(Column::RunAt.lte(due_by));
    }
    if let Some(of) = rows.of {
        query = query.filter(is_of(of));
    }
    if let Some(after) = rows.after {
        query = query.filter(Column::Id.gt(after));
    }
    let found = query.order_by_asc(Column::Id).limit(rows.limit).all(db).await?;
    Ok(QueuedPage { last: found.last().map(|row| row.id), enqueued: found.iter().filter_map(enqueued_job).collect() })
}

/// Whether a job is one that this pauses.
pub(crate) fn is_of(what: Paused) -> Expr {
    match what {
        Paused::Kind(kind) => Column::Kind.eq(kind.as_str()),
        Paused::Merchant(merchant) => Column::MerchantId.eq(merchant),
    }
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

/// Whether jobs of this kind for this merchant are unfinished; dead ones are.
pub async fn has_unfinished(db: &impl ConnectionTrait, kind: Kind, merchant: MerchantId) -> Result<bool, DbErr> {
    let unfinished = Entity::find()
        .filter(Column::Kind.eq(kind.as_str()))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::State.is_in([JobState::Queued, JobState::Dead]));
    Ok(unfinished.one(db).await?.is_some())
}

pub(crate) fn enqueued_job(row: &Row) -> Option<EnqueuedJob> {
    let kind: Kind = row.kind.parse().ok()?;
    Some(EnqueuedJob { job: row.id, kind, lane: lane(row.merchant_id, row.dedup_key.as_deref()), run_at: row.run_at })
}

/// Deletes jobs that were done or discarded longer than `retention` ago. Returns how many.
pub async fn clean(db: &impl ConnectionTrait, retention: TimeDelta, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let old = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.is_in([JobState::Done, JobState::Discarded]))
        .filter(Column::FinishedAt.lte(now - retention))
        .order_by_asc(Column::FinishedAt)
        .limit(CLEANED_AT_ONCE);
    let mut all = 0;
    loop {
        let some = Entity::delete_many().filter(Column::Id.in_subquery(old.clone().into_query())).exec(db).await?;
        all += some.rows_affected;
        if some.rows_affected < CLEANED_AT_ONCE {
            return Ok(all);
        }
    }
}

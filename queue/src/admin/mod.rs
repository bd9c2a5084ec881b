//! What operators do with jobs: inspect, retry, discard, pause. Every change is recorded in the audit log with the operator's reason.

mod replay;
mod stats;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{JobId, MerchantId};
use entity::{
    AuditAction, Db,
    audit::{self, Act},
    contains,
    job::{Column, Entity, Job as Row, JobState},
    pause,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use crate::{EnqueuedJob, Kind, Queue, flow::Paused, recovery, redis::QueueError};

pub use replay::replay_event;
pub use stats::{KindStats, RowStats, depths, row_stats, stats};

/// How many jobs Redis is notified of at a time when a pause ends.
const NOTIFY_PAGE: u64 = 1_000;

/// What a list of jobs is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs of this kind.
    pub kind: Option<Kind>,
    /// Only jobs of this merchant.
    pub merchant: Option<MerchantId>,
    /// Only jobs whose last error contains this text, in any letter case.
    pub error: Option<String>,
    /// Only jobs that were enqueued before this time.
    pub enqueued_before: Option<DateTime<Utc>>,
    /// Only jobs older than this one: the cursor.
    pub before: Option<JobId>,
    /// The most jobs to return.
    pub limit: u64,
}

impl JobFilter {
    /// Only jobs that were enqueued at least so many hours ago.
    #[must_use]
    pub fn older_than_hours(self, hours: Option<u32>, now: DateTime<Utc>) -> Self {
        // Before all time there was nothing.
        let before = |hours: u32| now.checked_sub_signed(TimeDelta::hours(hours.into())).unwrap_or_default();
        Self { enqueued_before: hours.map(|hours| before(hours).max(DateTime::UNIX_EPOCH)), ..self }
    }
}

/// How many jobs of each merchant wait or are being done. It reads all that do.
///
/// # Errors
/// When the database does not answer.
pub async fn queued_by_merchant(db: &impl ConnectionTrait) -> Result<HashMap<MerchantId, u64>, DbErr> {
    let counted: Vec<(MerchantId, i64)> = Entity::find()
        .select_only()
        .column(Column::MerchantId)
        .column_as(Column::Id.count(), "jobs")
        .filter(Column::State.eq(JobState::Queued))
        .filter(Column::MerchantId.is_not_null())
        .group_by(Column::MerchantId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counted.into_iter().map(|(merchant, jobs)| (merchant, u64::try_from(jobs).unwrap_or_default())).collect())
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
    if let Some(time) = filter.enqueued_before {
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

/// What an operator does to a dead job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadJobAction {
    /// It is tried again, from the start of its policy.
    Retry,
    /// It is thrown away.
    Discard,
}

impl DeadJobAction {
    /// What it is called in the audit log.
    const fn audited(self) -> AuditAction {
        match self {
            Self::Retry => AuditAction::JobRetry,
            Self::Discard => AuditAction::JobDiscard,
        }
    }
}

/// A dead job that was retried or discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedJob {
    /// The job.
    pub job: JobId,
    /// The job to notify Redis of after the commit; absent if it was discarded, or is of a kind that this version does not know.
    pub enqueued_job: Option<EnqueuedJob>,
}

/// What is done to dead jobs, as it is written in the audit log.
#[derive(Debug, Clone, Copy)]
pub struct DeadJobChange<'a> {
    /// What is done.
    pub action: DeadJobAction,
    /// Who does it.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Retries or discards jobs, all in one transaction with their entries in the audit log. A job that is not dead
/// (any more) is passed by: it is not among what is answered.
///
/// # Errors
/// When the database does not answer: then nothing was changed.
pub async fn apply_to_dead(
    db: &Db,
    jobs: &[JobId],
    change: DeadJobChange<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<ChangedJob>, DbErr> {
    let DeadJobChange { action, actor, reason } = change;
    let tx = db.begin().await?;
    let mut all = Vec::new();
    for id in jobs {
        let changed = match action {
            DeadJobAction::Retry => revive(&tx, *id, now).await?,
            DeadJobAction::Discard => discard(&tx, *id, now).await?,
        };
        let Some(row) = changed else { continue };
        let act = Act::new(actor, action.audited(), &row.id).of_merchant(row.merchant_id).because(reason.to_owned());
        audit::record(&tx, act, now).await?;
        let enqueued_job = if action == DeadJobAction::Retry { recovery::enqueued_job(&row) } else { None };
        all.push(ChangedJob { job: row.id, enqueued_job });
    }
    tx.commit().await?;
    Ok(all)
}

/// From the start of its policy: no attempt so far counts. They still number the claims, so that a late worker stays fenced off.
async fn revive(db: &impl ConnectionTrait, id: JobId, now: DateTime<Utc>) -> Result<Option<Row>, DbErr> {
    let revived = Entity::update_many()
        .col_expr(Column::State, Expr::value(JobState::Queued))
        .col_expr(Column::Uncounted, Expr::col(Column::Claims))
        .col_expr(Column::Crashes, Expr::value(0_i64))
        .col_expr(Column::RunAt, Expr::value(now))
        .col_expr(Column::CreatedAt, Expr::value(now))
        .col_expr(Column::FinishedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(JobState::Dead))
        .exec_with_returning(db)
        .await?;
    Ok(revived.into_iter().next())
}

async fn discard(db: &impl ConnectionTrait, id: JobId, now: DateTime<Utc>) -> Result<Option<Row>, DbErr> {
    let discarded = Entity::update_many()
        .col_expr(Column::State, Expr::value(JobState::Discarded))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(JobState::Dead))
        .exec_with_returning(db)
        .await?;
    Ok(discarded.into_iter().next())
}

/// Holds a kind's or a merchant's jobs back until [`resume`]; `false` if they were held back already. What is in flight ends. No
/// attempt is lost to it, and workers know of it within seconds. The audit log says that it was this actor.
///
/// # Errors
/// When the database does not answer, or there is no such merchant.
pub async fn pause(db: &Db, what: Paused, actor: &str, reason: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let tx = db.begin().await?;
    let is_new = pause::put(&tx, &what.subject(), reason, now).await?;
    if is_new {
        audit::record(&tx, act(what, actor, AuditAction::JobPause, Some(reason)), now).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}

/// Ends a pause; `false` if there was none. Call [`notify_waiting`] afterwards.
///
/// # Errors
/// When the database does not answer.
pub async fn resume(
    db: &Db,
    what: Paused,
    actor: &str,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let tx = db.begin().await?;
    let was_paused = pause::remove(&tx, &what.subject()).await?;
    if was_paused {
        audit::record(&tx, act(what, actor, AuditAction::JobResume, reason), now).await?;
    }
    tx.commit().await?;
    Ok(was_paused)
}

fn act<'a>(what: Paused, actor: &'a str, action: AuditAction, reason: Option<&str>) -> Act<'a> {
    Act::new(actor, action, &what).of_merchant(what.merchant()).because(reason.map(ToOwned::to_owned))
}

/// Why Redis could not be notified of jobs.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The database did not answer.
    #[error("the database did not answer")]
    Db(#[from] DbErr),
    /// Redis did not answer.
    #[error("Redis did not answer")]
    Redis(#[from] QueueError),
}

/// Notifies Redis of the jobs that waited for the end of a pause; returns how many of them it did not have. Those that are missed here
/// are found by the scheduler.
///
/// # Errors
/// When the database or Redis does not answer.
pub async fn notify_waiting(db: &Db, queue: &Queue, what: Paused) -> Result<u64, NotifyError> {
    let (mut after, mut notified) = (None, 0);
    loop {
        let page = recovery::queued_of(db.pool(), what, after, NOTIFY_PAGE).await?;
        let Some(last) = page.last else { return Ok(notified) };
        after = Some(last);
        notified += queue.notify_now(&page.enqueued).await?;
    }
}

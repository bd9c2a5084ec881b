//! Operators' actions on jobs: list, retry, discard, pause. Every change is recorded in the audit log with its reason.

mod about;
mod errors;
mod history;
mod list;
mod replay;
mod stats;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId};
use entity::{
    AuditAction, Db,
    audit::{self, Act},
    is_conflict,
    job::{self, Column, Entity, Job as Row, JobState},
    pause, retry_conflicts,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};

use crate::{EnqueuedJob, Queue, event_jobs, flow::Paused, recovery, redis::QueueError};

pub use about::{JobSpan, about};
pub use errors::{ErrorGroup, ErrorGroups, Failing, errors};
pub use history::{HISTORY_HOURS, Point, history, measure};
pub use list::{JobFilter, first, list};
pub use replay::{replay_event, waiting_events};
pub use stats::{KindStats, MOST_DEAD, RowStats, depths, row_stats, stats};

/// How many jobs get their time again per statement, and how many Redis is notified of per call, when a pause ends.
const RESUME_PAGE: u64 = 1_000;

/// Counts unfinished jobs by merchant. It reads all of them.
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

/// Finds a job by id. For operators only, since it spans merchants.
pub async fn find(db: &impl ConnectionTrait, id: JobId) -> Result<Option<Row>, DbErr> {
    match Entity::find_by_id(id).one(db).await? {
        Some(row) => Ok(Some(row)),
        None => event_jobs::find(db, id).await,
    }
}

/// An operator's action on dead jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadJobAction {
    /// Try it again, with its policy starting over.
    Retry,
    /// Discard it.
    Discard,
}

impl DeadJobAction {
    /// The action's name in the audit log.
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
    /// The job to notify Redis of after the commit; `None` if it was discarded or this version does not know its kind.
    pub enqueued_job: Option<EnqueuedJob>,
}

/// An action on dead jobs, with what the audit log records.
#[derive(Debug, Clone, Copy)]
pub struct DeadJobChange<'a> {
    /// The action.
    pub action: DeadJobAction,
    /// Who does it.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Retries or discards jobs in one transaction with their audit log entries. Jobs that are not dead are skipped and
/// left out of the result.
///
/// # Errors
/// Returns an error if the database query fails; then nothing is changed.
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

/// Resets the policy by marking all past attempts as uncounted. `claims` keeps counting, so that a late worker stays
/// fenced off.
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

/// Pauses a kind's or a merchant's jobs until [`resume`]. Returns `false` if they were paused already. Running attempts
/// complete, no attempt is lost, and workers notice within seconds. The audit log names `actor`.
///
/// # Errors
/// Returns an error if the database query fails or the merchant does not exist.
pub async fn pause(db: &Db, what: Paused, actor: &str, reason: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let tx = db.begin().await?;
    let is_new = pause::put(&tx, &what.subject(), reason, now).await?;
    if is_new {
        audit::record(&tx, act(what, actor, AuditAction::JobPause, Some(reason)), now).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}

/// Ends a pause; the jobs that waited have the whole of their time from now on. Returns `false` if there was none. Call
/// [`notify_waiting`] afterwards.
pub async fn resume(
    db: &Db,
    what: Paused,
    actor: &str,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    if !pause::is_any(db.pool(), &[&what.subject()]).await? {
        return Ok(false);
    }
    // While none of them is done.
    give_time_again(db, what, now).await?;
    let tx = db.begin().await?;
    let was_paused = pause::remove(&tx, &what.subject()).await?;
    if was_paused {
        audit::record(&tx, act(what, actor, AuditAction::JobResume, reason), now).await?;
    }
    tx.commit().await?;
    Ok(was_paused)
}

async fn give_time_again(db: &Db, what: Paused, now: DateTime<Utc>) -> Result<(), DbErr> {
    // Also to those for which an event stands.
    event_jobs::write_overdue(db.writer(), now).await?;
    let mut after = None;
    loop {
        // A literal, because SQLite does not use a partial index for a bound parameter.
        let waiting = Entity::find().filter(Expr::cust("state = 'queued'")).filter(recovery::is_of(what));
        let page = waiting.apply_if(after, |waiting, after: JobId| waiting.filter(Column::Id.gt(after)));
        let page = page.select_only().column(Column::Id).order_by_asc(Column::Id).limit(RESUME_PAGE);
        let jobs: Vec<JobId> = page.into_tuple().all(db.pool()).await?;
        let Some(last) = jobs.last() else { return Ok(()) };
        after = Some(*last);
        let anew = || job::begin_anew(db.writer(), Some(jobs.clone()), now);
        retry_conflicts(anew, |error| is_conflict(error)).await?;
    }
}

fn act<'a>(what: Paused, actor: &'a str, action: AuditAction, reason: Option<&str>) -> Act<'a> {
    Act::new(actor, action, &what).of_merchant(what.merchant()).because(reason.map(ToOwned::to_owned))
}

/// Why Redis could not be notified of jobs.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The database failed.
    #[error("the database did not answer")]
    Db(#[from] DbErr),
    /// Redis failed.
    #[error("Redis did not answer")]
    Redis(#[from] QueueError),
}

/// Notifies Redis of the jobs held back by a pause. Returns how many of them it did not have. Any that are missed here
/// are found by the scheduler.
///
/// # Errors
/// Returns an error if the database or Redis is unavailable.
pub async fn notify_waiting(db: &Db, queue: &Queue, what: Paused) -> Result<u64, NotifyError> {
    let (mut after, mut notified) = (None, 0);
    loop {
        let page = recovery::queued_of(db.pool(), what, after, RESUME_PAGE).await?;
        let Some(last) = page.last else { return Ok(notified) };
        after = Some(last);
        notified += queue.notify_now(&page.enqueued).await?;
    }
}

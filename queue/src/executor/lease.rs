//! The lease of a job, and the ways its attempt can end: finished, retried, snoozed, released or dead. Each write is
//! fenced by the attempt number, so that a worker that lost its lease changes nothing.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{
    Db, Transaction,
    job::{Column, Entity, Job as Row, JobState},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, UpdateMany,
    sea_query::{Expr, ExprTrait},
};

use super::finish_all;
use crate::{Job, JobError, Kind, enqueue::is_background, event_jobs};

/// The result of claiming a job.
#[derive(Debug)]
pub enum Claim {
    /// This worker holds the job for one attempt.
    Ours(Lease),
    /// The job is not due yet.
    NotBefore(DateTime<Utc>),
    /// The job is finished, dead or unknown. There is nothing to do.
    Over,
}

/// A job that this worker holds for one attempt.
#[derive(Debug, Clone)]
pub struct Lease {
    job: Arc<Row>,
    /// The row's attempt count: it includes this attempt unless the claim was not written.
    counted: i64,
    has_row: bool,
}

/// Proof that a job's row was finished in the transaction of its effect. Only [`finish_all`] makes one.
#[derive(Debug)]
pub struct Done(());

impl Done {
    /// Call this only after the row was finished and committed.
    pub(crate) const fn proven() -> Self {
        Self(())
    }
}

impl Lease {
    /// Call this only after the row was claimed.
    pub(crate) fn of(job: Row) -> Self {
        Self { counted: job.claims, job: Arc::new(job), has_row: true }
    }

    /// The lease of a first attempt whose claim was not written. The row is unchanged, and whoever ends an attempt
    /// first counts it; if that was another worker, this attempt's effect is rolled back.
    pub(crate) fn unwritten(job: Row, now: DateTime<Utc>) -> Self {
        let counted = job.claims;
        Self { counted, job: Arc::new(Row { claims: counted + 1, claimed_at: Some(now), ..job }), has_row: true }
    }

    /// The same for a job without a row, for which an event stands. This is the row that it would have.
    pub(crate) fn of_event(job: Row, now: DateTime<Utc>) -> Self {
        Self { has_row: false, ..Self::unwritten(job, now) }
    }

    /// Whether the job has a row. Of one that has none, the effect is fenced by the outcome of the event that stands for
    /// it: that must be the first.
    #[must_use]
    pub const fn has_row(&self) -> bool {
        self.has_row
    }

    /// Writes the row, if the job has none, before an end that is remembered there.
    async fn write_row(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        if !self.has_row {
            event_jobs::write(db, std::slice::from_ref(&*self.job)).await?;
        }
        Ok(())
    }

    /// The attempt count that the row must still have for this lease to be valid.
    pub(crate) const fn counted(&self) -> i64 {
        self.counted
    }

    /// Whether the row is deleted once the job is done.
    pub(crate) fn leaves_nothing(&self) -> bool {
        self.job.kind.parse().is_ok_and(Kind::is_in_database)
    }

    /// The job's row, including this attempt.
    #[must_use]
    pub fn job(&self) -> &Row {
        &self.job
    }

    /// Whether no one is waiting for the job.
    #[must_use]
    pub fn is_background(&self) -> bool {
        is_background(self.job.dedup_key.as_deref())
    }

    /// Decodes the payload.
    ///
    /// # Errors
    /// Returns [`JobError::Fail`] if it cannot be decoded, as when another version wrote it. Retrying would only hold
    /// up other jobs.
    pub fn payload<J: Job>(&self) -> Result<J, JobError> {
        serde_json::from_str(&self.job.payload).map_err(JobError::fail)
    }

    /// Finishes the job and commits `tx`, which holds its effect, atomically.
    ///
    /// # Errors
    /// Returns [`JobError::NotOurs`] if another worker finished or claimed the job meanwhile; then the effect is rolled
    /// back.
    pub async fn finish(&self, tx: Transaction, now: DateTime<Utc>) -> Result<Done, JobError> {
        finish_all(&[self], tx, now).await?.pop().ok_or(JobError::NotOurs)
    }

    /// Ends the job of an event that another job or worker has applied: rolls back `tx`, which holds the effect, and
    /// finishes the job without one.
    ///
    /// # Errors
    /// Returns [`JobError::NotOurs`] if the job has no row, or if another worker finished or claimed it meanwhile.
    pub async fn finish_applied(&self, tx: Transaction, db: &Db, now: DateTime<Utc>) -> Result<Done, JobError> {
        tx.rollback().await?;
        if !self.has_row {
            return Err(JobError::NotOurs);
        }
        self.finish(db.begin().await?, now).await
    }

    /// Schedules a retry. Returns `false` if the lease was lost.
    pub(crate) async fn retry_at(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
        self.write_row(db).await?;
        let updated = self
            .fenced()
            .col_expr(Column::RunAt, Expr::value(at))
            .col_expr(Column::LastError, Expr::value(why))
            .col_expr(Column::ClaimedAt, Expr::value(Option::<DateTime<Utc>>::None))
            // An attempt that reported its end shows that the job does not crash the worker.
            .col_expr(Column::Crashes, Expr::value(0_i64))
            .exec(db)
            .await?;
        Ok(updated.rows_affected == 1)
    }

    /// Snoozes the job until `until` without counting this attempt. Returns `false` if the lease was lost.
    pub(crate) async fn snooze(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        until: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
        self.write_row(db).await?;
        Ok(self.snoozed(why, until).exec(db).await?.rows_affected == 1)
    }

    /// Snoozes the job until it is time, from when on its deadline counts. Returns `false` if the lease was lost.
    pub(crate) async fn postpone(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        until: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
        self.write_row(db).await?;
        let postponed = self.snoozed(why, until).col_expr(Column::CreatedAt, Expr::value(until));
        Ok(postponed.exec(db).await?.rows_affected == 1)
    }

    fn snoozed(&self, why: &str, until: DateTime<Utc>) -> UpdateMany<Entity> {
        self.uncounted()
            .col_expr(Column::RunAt, Expr::value(until))
            .col_expr(Column::LastError, Expr::value(why))
            .col_expr(Column::Crashes, Expr::value(0_i64))
    }

    /// Releases the job for another worker without counting this attempt. Returns `false` if the lease was lost.
    pub(crate) async fn release(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        self.write_row(db).await?;
        Ok(self.uncounted().exec(db).await?.rows_affected == 1)
    }

    fn uncounted(&self) -> UpdateMany<Entity> {
        self.fenced()
            .col_expr(Column::Uncounted, Expr::col(Column::Uncounted).add(1))
            .col_expr(Column::ClaimedAt, Expr::value(Option::<DateTime<Utc>>::None))
    }

    /// Dead-letters the job, in the transaction that also holds the consequences. Returns `false` if the lease was
    /// lost.
    pub(crate) async fn dead_letter(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
        self.write_row(db).await?;
        let dead = self
            .fenced()
            .col_expr(Column::State, Expr::value(JobState::Dead))
            .col_expr(Column::LastError, Expr::value(why))
            .col_expr(Column::FinishedAt, Expr::value(now))
            .col_expr(Column::ClaimedAt, Expr::value(Option::<DateTime<Utc>>::None))
            .exec(db)
            .await?;
        Ok(dead.rows_affected == 1)
    }

    fn fenced(&self) -> UpdateMany<Entity> {
        Entity::update_many().col_expr(Column::Claims, Expr::value(self.job.claims)).filter(
            Condition::all()
                .add(Column::Id.eq(self.job.id))
                .add(Column::State.eq(JobState::Queued))
                .add(Column::Claims.eq(self.counted)),
        )
    }
}

//! The lease of a job and the ways an attempt can end: finished, retried, snoozed, released, dead. Each is fenced by the attempt's number,
//! so a worker that has lost its lease can no longer change anything.

use chrono::{DateTime, Utc};
use entity::{
    Transaction,
    job::{Column, Entity, Job as Row, JobState},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, UpdateMany,
    sea_query::{Expr, ExprTrait},
};

use super::finish_all;
use crate::{Job, JobError, Kind};

/// What became of the attempt to claim a job.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all that are claimed are ours")]
pub enum Claim {
    /// It is ours for this attempt.
    Ours(Lease),
    /// It is not due yet.
    NotBefore(DateTime<Utc>),
    /// It is finished, dead or unknown: there is nothing to do.
    Over,
}

/// A job that is ours for this attempt.
#[derive(Debug, Clone)]
pub struct Lease {
    job: Row,
    /// How many attempts the row counts: this one with them, unless it was not written.
    counted: i64,
}

/// The proof that a job's row was finished in the transaction of its effect: only
/// [`finish_all`] makes one.
#[derive(Debug)]
pub struct Done(());

impl Done {
    /// To be called where the row was finished and committed, and nowhere else.
    pub(crate) const fn proven() -> Self {
        Self(())
    }
}

impl Lease {
    /// To be called where the row was claimed, and nowhere else.
    pub(crate) const fn of(job: Row) -> Self {
        Self { counted: job.claims, job }
    }

    /// The first attempt at a job whose effect is undone if the attempt turns out not to have been ours: the row is as it was read, and
    /// whoever ends the attempt first counts it.
    pub(crate) fn unwritten(job: Row, now: DateTime<Utc>) -> Self {
        Self { counted: job.claims, job: Row { claims: job.claims + 1, claimed_at: Some(now), ..job } }
    }

    /// How many attempts the row must count for the job to be ours.
    pub(crate) const fn counted(&self) -> i64 {
        self.counted
    }

    /// Whether nothing is left of the row once the job is done.
    pub(crate) fn leaves_nothing(&self) -> bool {
        self.job.kind.parse().is_ok_and(Kind::is_in_database)
    }

    /// The job's row, as it is with this attempt.
    #[must_use]
    pub const fn job(&self) -> &Row {
        &self.job
    }

    /// The payload.
    ///
    /// # Errors
    /// [`JobError::Fail`] if it is not one of this kind: an older or newer version wrote it. It must not hold others up.
    pub fn payload<J: Job>(&self) -> Result<J, JobError> {
        serde_json::from_str(&self.job.payload).map_err(JobError::fail)
    }

    /// Finishes the job and commits `tx`, which holds its effect: both, or neither.
    ///
    /// # Errors
    /// [`JobError::NotOurs`] if another finished or claimed the job meanwhile; then the effect is rolled back.
    pub async fn finish(&self, tx: Transaction, now: DateTime<Utc>) -> Result<Done, JobError> {
        finish_all(&[self], tx, now).await?.pop().ok_or(JobError::NotOurs)
    }

    /// Has the job tried again at a time; `false` if it is no longer ours.
    pub(crate) async fn retry_at(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
        let updated = self
            .fenced()
            .col_expr(Column::RunAt, Expr::value(at))
            .col_expr(Column::LastError, Expr::value(why))
            .col_expr(Column::ClaimedAt, Expr::value(Option::<DateTime<Utc>>::None))
            // An attempt that reported how it ended shows that the job kills no worker.
            .col_expr(Column::Crashes, Expr::value(0_i64))
            .exec(db)
            .await?;
        Ok(updated.rows_affected == 1)
    }

    /// Snoozes the job until a time, without this attempt counting; `false` if it is no longer ours.
    pub(crate) async fn snooze(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        until: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
        let snooze =
            self.uncounted().col_expr(Column::RunAt, Expr::value(until)).col_expr(Column::LastError, Expr::value(why));
        let snooze = snooze.col_expr(Column::Crashes, Expr::value(0_i64));
        Ok(snooze.exec(db).await?.rows_affected == 1)
    }

    /// Releases the job, for another worker to do at once, without this attempt counting; `false` if it is no longer ours.
    pub(crate) async fn release(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        Ok(self.uncounted().exec(db).await?.rows_affected == 1)
    }

    fn uncounted(&self) -> UpdateMany<Entity> {
        self.fenced()
            .col_expr(Column::Uncounted, Expr::col(Column::Uncounted).add(1))
            .col_expr(Column::ClaimedAt, Expr::value(Option::<DateTime<Utc>>::None))
    }

    /// Dead-letters the job, in the transaction that holds what follows from that; `false` if it is no longer ours.
    pub(crate) async fn dead_letter(
        &self,
        db: &impl ConnectionTrait,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, DbErr> {
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

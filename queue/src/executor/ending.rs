//! Writes the end of an attempt that did not finish its job: retried, snoozed, postponed, released or dead-lettered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::with_sources;
use sea_orm::DbErr;

use super::{Executor, JobHandler, Lease, retry::due_after};
use crate::{Job, JobError, metrics, redis::Ack};

/// Delays between tries to write the end of an attempt. Their sum is well below the duration of a lease.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// When a job is due again, and whether this attempt counts.
enum Next {
    Attempt(DateTime<Utc>),
    SameAttempt(DateTime<Utc>),
    /// The deadline counts from then, too.
    Postponed(DateTime<Utc>),
}

impl<J: Job> Executor<J> {
    /// Writes the end of a failed attempt: retried, snoozed or dead-lettered.
    pub(super) async fn handle_error<C: Sync>(
        &self,
        context: &C,
        lease: &Lease,
        error: JobError,
        measured: &mut metrics::Attempt,
    ) -> Result<Ack, DbErr>
    where
        J: JobHandler<C>,
    {
        let (job, now) = (lease.job(), self.clock.now());
        let (why, next) = match error {
            JobError::NotOurs => return Ok(Ack::Done),
            JobError::Retry { why, after } => {
                let next = self.policy.after(why.as_ref()).next_attempt(job, after, jitter(lease), now);
                (why, next.map(Next::Attempt))
            }
            JobError::Snooze { why, after, spread } => {
                let next = self.policy.snooze(job, after + spread.mul_f64(jitter(lease)), now);
                (why, next.map(Next::SameAttempt))
            }
            JobError::Postpone { why, until } => {
                let next = due_after((until - now).to_std().unwrap_or_default(), now);
                (why, Some(Next::Postponed(next)))
            }
            JobError::Fail { why } => (why, None),
        };
        let why = with_sources(why.as_ref());
        match next {
            Some(Next::Attempt(at)) => self.retry_at(lease, &why, at).await,
            Some(Next::SameAttempt(at)) => self.snooze(lease, &why, at).await,
            Some(Next::Postponed(at)) => self.postpone(lease, &why, at).await,
            None => {
                measured.ended(metrics::AttemptOutcome::Dead);
                self.dead_letter(context, lease, &why).await
            }
        }
    }

    async fn retry_at(&self, lease: &Lease, why: &str, at: DateTime<Utc>) -> Result<Ack, DbErr> {
        let job = lease.job();
        tracing::warn!(job.id = %job.id, job.kind = %J::KIND, attempt = job.attempts(), next = %at, why, "job will be retried");
        let ours = self.until_written(|| lease.retry_at(self.db.writer(), why, at)).await?;
        Ok(if ours { Ack::Later(at) } else { Ack::Done })
    }

    async fn snooze(&self, lease: &Lease, why: &str, until: DateTime<Utc>) -> Result<Ack, DbErr> {
        tracing::debug!(job.id = %lease.job().id, job.kind = %J::KIND, %until, why, "job snoozed");
        let ours = self.until_written(|| lease.snooze(self.db.writer(), why, until)).await?;
        Ok(if ours { Ack::Later(until) } else { Ack::Done })
    }

    async fn postpone(&self, lease: &Lease, why: &str, until: DateTime<Utc>) -> Result<Ack, DbErr> {
        tracing::debug!(job.id = %lease.job().id, job.kind = %J::KIND, %until, why, "job postponed");
        let ours = self.until_written(|| lease.postpone(self.db.writer(), why, until)).await?;
        Ok(if ours { Ack::Later(until) } else { Ack::Done })
    }

    pub(super) async fn release(&self, lease: &Lease) -> Result<Ack, DbErr> {
        tracing::warn!(job.id = %lease.job().id, job.kind = %J::KIND, "job released, as this worker stops");
        let ours = self.until_written(|| lease.release(self.db.writer())).await?;
        Ok(if ours { Ack::Later(self.clock.now()) } else { Ack::Done })
    }

    /// Writes the end of an attempt, trying several times if the database fails. If it were never written, the next
    /// claim would count the attempt as a crash, and a database outage must not dead-letter jobs.
    async fn until_written<T, F: Future<Output = Result<T, DbErr>>>(&self, write: impl Fn() -> F) -> Result<T, DbErr> {
        for pause in PAUSES {
            match write().await {
                Ok(written) => return Ok(written),
                Err(error) if self.cancellation.is_cancelled() => return Err(error),
                Err(error) => tracing::debug!(%error, "the end of an attempt could not be written; trying again"),
            }
            tokio::time::sleep(pause).await;
        }
        write().await
    }

    async fn dead_letter<C: Sync>(&self, context: &C, lease: &Lease, why: &str) -> Result<Ack, DbErr>
    where
        J: JobHandler<C>,
    {
        let (job, now) = (lease.job(), self.clock.now());
        let tx = self.db.begin().await?;
        if lease.dead_letter(&tx, why, now).await? {
            if let Ok(job) = lease.payload::<J>() {
                job.dead_letter(context, &tx, now).await?;
            }
            tx.commit().await?;
            tracing::error!(job.id = %job.id, job.kind = %J::KIND, attempt = job.attempts(), why, "job dead-lettered");
        } else {
            tx.rollback().await?;
        }
        Ok(Ack::Done)
    }
}

/// A pseudo-random number from 0 to 1 that varies by job and attempt, taken from the random bytes of the job's id.
fn jitter(lease: &Lease) -> f64 {
    /// Offset of the first byte of a `UUIDv7` that is purely random, after the version and variant bits.
    const RANDOM: usize = 9;
    let uuid = lease.job().id.uuid();
    let at = RANDOM + usize::try_from(lease.job().claims).unwrap_or(0) % 6;
    let bytes = uuid.as_bytes();
    f64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]])) / f64::from(u16::MAX)
}

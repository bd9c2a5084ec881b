//! One attempt at a job, from the claim to its end: the one place where time-outs, panics and errors become retries.

use std::{future::Future, panic::AssertUnwindSafe};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{Clock, Db, JobId};
use futures_util::FutureExt;
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{Claim, Done, JobError, Lease, bell::Verdict, claim, meter, policy, retry::MOST_CRASHES};

/// What does a kind of job.
pub trait Handle: Send + Sync + 'static {
    /// Does the job; the effect and [`Lease::finish`] share a transaction.
    fn run(&self, lease: &Lease) -> impl Future<Output = Result<Done, JobError>> + Send;

    /// What follows for the domain when the job is given up, in the transaction that gives it up.
    fn give_up(
        &self,
        tx: &DatabaseTransaction,
        lease: &Lease,
        why: &str,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

/// Makes one attempt at the job that was rung, and says what becomes of its bell.
///
/// # Errors
/// When the database does not answer: the bell keeps ringing, the row keeps the promise.
pub async fn attempt(
    db: &Db,
    clock: &Clock,
    id: JobId,
    kind: crate::Kind,
    handler: &impl Handle,
) -> Result<Verdict, DbErr> {
    let lease = match claim(db.pool(), id, clock.now()).await? {
        Claim::Ours(lease) => lease,
        Claim::NotBefore(at) => return Ok(Verdict::Later(at)),
        Claim::Over => return Ok(Verdict::Done),
    };
    let mut metered = meter::Attempt::of(kind, lease.job());
    let policy = policy(kind);
    let outcome = if lease.job().crashes >= MOST_CRASHES {
        Err(JobError::fail(format!("its worker died {} times while doing it", lease.job().crashes)))
    } else {
        run_caught(handler, &lease, policy.timeout).await
    };
    metered.ended(meter::Outcome::of(&outcome));
    let (why, next) = match outcome {
        Ok(Done { .. }) | Err(JobError::NotOurs) => return Ok(Verdict::Done),
        Err(JobError::Retry { why, after }) => {
            (why, policy.next_attempt(lease.job(), after, jitter(&lease), clock.now()))
        }
        Err(JobError::Fail { why }) => (why, None),
    };
    let why = with_sources(why.as_ref());
    match next {
        Some(at) => postpone(db, &lease, kind, &why, at).await,
        None => {
            metered.ended(meter::Outcome::Dead);
            give_up(db, clock, handler, &lease, kind, &why).await
        }
    }
}

/// Runs the handler; a panic and a time-out become retries like any other.
async fn run_caught(handler: &impl Handle, lease: &Lease, limit: std::time::Duration) -> Result<Done, JobError> {
    let run = AssertUnwindSafe(handler.run(lease)).catch_unwind();
    match tokio::time::timeout(limit, run).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(JobError::retry(format!("it panicked: {}", panic_text(panic.as_ref())))),
        Err(_elapsed) => Err(JobError::retry(format!("it took longer than {} s", limit.as_secs()))),
    }
}

async fn postpone(db: &Db, lease: &Lease, kind: crate::Kind, why: &str, at: DateTime<Utc>) -> Result<Verdict, DbErr> {
    tracing::warn!(job.id = %lease.job().id, job.kind = %kind, attempt = lease.job().attempt, next = %at, why, "job postponed");
    let ours = lease.postpone(db.pool(), why, at).await?;
    Ok(if ours { Verdict::Later(at) } else { Verdict::Done })
}

async fn give_up(
    db: &Db,
    clock: &Clock,
    handler: &impl Handle,
    lease: &Lease,
    kind: crate::Kind,
    why: &str,
) -> Result<Verdict, DbErr> {
    let tx = db.begin().await?;
    if lease.bury(&tx, why, clock.now()).await? {
        handler.give_up(&tx, lease, why).await?;
        tx.commit().await?;
        tracing::error!(job.id = %lease.job().id, job.kind = %kind, attempt = lease.job().attempt, why, "job given up");
    } else {
        tx.rollback().await?;
    }
    Ok(Verdict::Done)
}

/// A number from 0 to 1 that differs from job to job and from attempt to attempt: two of the random bytes of the job's id.
fn jitter(lease: &Lease) -> f64 {
    /// Where the random bytes of a `UUIDv7` begin that no version or variant bit is part of.
    const RANDOM: usize = 9;
    let uuid = lease.job().id.uuid();
    let at = RANDOM + usize::try_from(lease.job().attempt).unwrap_or(0) % 6;
    let bytes = uuid.as_bytes();
    f64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]])) / f64::from(u16::MAX)
}

fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}

/// How late a row may be before its bell counts as lost: longer than a healthy worker takes to claim it.
pub(crate) const OVERDUE: TimeDelta = TimeDelta::seconds(10);

#[cfg(test)]
mod tests;

//! What it takes to be a job that can be done, and the one adapter between that and the queue.

use entity::Transaction;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use queue::{Done, Handle, Job, JobError, Lease};
use sea_orm::DbErr;

use crate::Work;

/// A job that can be done.
pub(crate) trait Handler: Job {
    /// Does the job. Its effect and [`Lease::finish`] share a transaction.
    fn run(&self, work: &Work, lease: &Lease) -> impl Future<Output = Result<Done, JobError>> + Send;

    /// What follows for the domain when the job is given up, in the transaction that gives it up.
    fn give_up(
        &self,
        work: &Work,
        tx: &Transaction,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

/// Decodes payloads of kind `J` and does them.
pub(crate) struct Runner<J> {
    work: Work,
    kind: PhantomData<fn() -> J>,
}

impl<J> Runner<J> {
    pub(crate) const fn new(work: Work) -> Self {
        Self { work, kind: PhantomData }
    }
}

impl<J: Handler> Handle for Runner<J> {
    async fn run(&self, lease: &Lease) -> Result<Done, JobError> {
        lease.payload::<J>()?.run(&self.work, lease).await
    }

    async fn give_up(&self, tx: &Transaction, lease: &Lease, _why: &str) -> Result<(), DbErr> {
        // A payload that cannot be decoded names nothing for which something could follow.
        let Ok(job) = lease.payload::<J>() else { return Ok(()) };
        job.give_up(&self.work, tx, self.work.now()).await
    }
}

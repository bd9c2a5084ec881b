//! What it takes to be a job that can be done, and the one adapter between that and the queue.

use entity::Transaction;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use queue::{Done, Handle, Job, JobError, Lease};
use sea_orm::DbErr;

use crate::JobContext;

/// A job that can be done.
pub(crate) trait Handler: Job {
    /// Does the job. Its effect and [`Lease::finish`] share a transaction.
    fn run(&self, context: &JobContext, lease: &Lease) -> impl Future<Output = Result<Done, JobError>> + Send;

    /// What follows for the domain when the job is given up, in the transaction that gives it up.
    fn dead_letter(
        &self,
        context: &JobContext,
        tx: &Transaction,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

/// Decodes payloads of kind `J` and does them.
pub(crate) struct Runner<J> {
    context: JobContext,
    kind: PhantomData<fn() -> J>,
}

impl<J> Runner<J> {
    pub(crate) const fn new(context: JobContext) -> Self {
        Self { context, kind: PhantomData }
    }
}

impl<J: Handler> Handle for Runner<J> {
    async fn run(&self, lease: &Lease) -> Result<Done, JobError> {
        lease.payload::<J>()?.run(&self.context, lease).await
    }

    async fn dead_letter(&self, tx: &Transaction, lease: &Lease, _why: &str) -> Result<(), DbErr> {
        // A payload that cannot be decoded names nothing for which something could follow.
        let Ok(job) = lease.payload::<J>() else { return Ok(()) };
        job.dead_letter(&self.context, tx, self.context.now()).await
    }
}

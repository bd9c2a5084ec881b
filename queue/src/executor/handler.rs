//! The interface for handling a kind of job.

use std::future::Future;

use chrono::{DateTime, Utc};
use entity::Transaction;
use sea_orm::DbErr;

use crate::{Done, Job, JobError, Lease};

/// Handles jobs of one kind. `C` is the context that all handlers of a worker share, such as clients and stores.
pub trait JobHandler<C>: Job {
    /// Runs the job. Its effect and [`Lease::finish`] share a transaction.
    fn run(&self, context: &C, lease: &Lease) -> impl Future<Output = Result<Done, JobError>> + Send;

    /// Applies the consequences of dead-lettering the job, in the same transaction. Not called if the payload cannot be
    /// decoded, since then the job refers to nothing.
    fn dead_letter(
        &self,
        context: &C,
        tx: &Transaction,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

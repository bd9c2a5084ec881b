//! The trait that does a kind of job.

use std::future::Future;

use chrono::{DateTime, Utc};
use entity::Transaction;
use sea_orm::DbErr;

use crate::{Done, Job, JobError, Lease};

/// Does jobs of one kind, with what it has at hand: `C`, the clients and stores that all handlers of a worker share.
pub trait JobHandler<C>: Job {
    /// Does the job; the effect and [`Lease::finish`] share a transaction.
    fn run(&self, context: &C, lease: &Lease) -> impl Future<Output = Result<Done, JobError>> + Send;

    /// What follows for the domain when the job is dead-lettered, in the transaction that does so. Not called for a payload that
    /// cannot be read: it names nothing for which something could follow.
    fn dead_letter(
        &self,
        context: &C,
        tx: &Transaction,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

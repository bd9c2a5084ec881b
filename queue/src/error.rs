//! Errors of jobs, which say whether to retry.

use std::{error::Error, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::DbErr;

/// Why an attempt failed, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Try again, after `after` if the remote side asked for it, otherwise by the kind's policy.
    #[error("{why}")]
    Retry {
        /// What went wrong.
        #[source]
        why: Box<dyn Error + Send + Sync>,
        /// The delay the remote side asked for, such as `Retry-After`.
        after: Option<Duration>,
    },
    /// Nothing is wrong with the job, but it cannot run now. It is snoozed, and the attempt does not count. Its
    /// deadline keeps running.
    #[error("{why}")]
    Snooze {
        /// What prevents it from running.
        #[source]
        why: Box<dyn Error + Send + Sync>,
        /// How long to snooze.
        after: Duration,
        /// An extra random delay of up to this much, so that jobs snoozed together do not all return at once.
        spread: Duration,
    },
    /// It is too early for the job. It counts from then on as if it had been enqueued then: its deadline does, and the
    /// attempt does not count.
    #[error("{why}")]
    Postpone {
        /// Why it is too early.
        #[source]
        why: Box<dyn Error + Send + Sync>,
        /// When it is time.
        until: DateTime<Utc>,
    },
    /// Retrying cannot help. The job is dead-lettered with this error for an operator to see.
    #[error("{why}")]
    Fail {
        /// What went wrong.
        #[source]
        why: Box<dyn Error + Send + Sync>,
    },
    /// Another worker finished the job or holds it now. Changes made by this attempt are rolled back.
    #[error("the job is no longer this worker's")]
    NotOurs,
}

impl JobError {
    /// Retries by the kind's policy.
    pub fn retry(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }

    /// Retries after this delay.
    pub fn retry_after(why: impl Into<Box<dyn Error + Send + Sync>>, after: Duration) -> Self {
        Self::Retry { why: why.into(), after: Some(after) }
    }

    /// Waits until this moment.
    pub fn postpone(why: impl Into<Box<dyn Error + Send + Sync>>, until: DateTime<Utc>) -> Self {
        Self::Postpone { why: why.into(), until }
    }

    /// Whether the only problem was a conflict with a concurrent transaction, so that the attempt may be repeated at
    /// once.
    #[must_use]
    pub fn is_conflict_of_rows(&self) -> bool {
        entity::is_conflict(self)
    }

    /// Dead-letters the job.
    pub fn fail(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fail { why: why.into() }
    }
}

/// Database errors are retried. Those that are bugs end with the [`Policy`](crate::Policy) after fewer attempts.
impl From<DbErr> for JobError {
    fn from(error: DbErr) -> Self {
        Self::retry(error)
    }
}

//! The error of a job, which says what is to happen next.

use std::{error::Error, time::Duration};

use sea_orm::DbErr;

/// Why an attempt did not succeed, and what follows from it.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Try again: after `after` if the other side asked for that, else by the kind's policy.
    #[error("{why}")]
    Retry {
        /// What went wrong.
        #[source]
        why: Box<dyn Error + Send + Sync>,
        /// How long the other side asked to be left alone.
        after: Option<Duration>,
    },
    /// Nothing went wrong with the job, it only cannot be done now: it is snoozed, and the attempt does not count. Its deadline
    /// still runs.
    #[error("{why}")]
    NotNow {
        /// What is in the way.
        #[source]
        why: Box<dyn Error + Send + Sync>,
        /// For how long.
        after: Duration,
        /// Over how much longer jobs that are snoozed together are spread, so that they do not all come back at once.
        spread: Duration,
    },
    /// Trying again cannot help: the job is dead-lettered, and an operator sees why.
    #[error("{why}")]
    Fail {
        /// What went wrong.
        #[source]
        why: Box<dyn Error + Send + Sync>,
    },
    /// The job was finished by another, or is another's now: what was done here is undone, and nothing follows.
    #[error("the job is no longer this worker's")]
    NotOurs,
}

impl JobError {
    /// Try again, by the kind's policy.
    pub fn retry(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }

    /// Try again after this time.
    pub fn retry_after(why: impl Into<Box<dyn Error + Send + Sync>>, after: Duration) -> Self {
        Self::Retry { why: why.into(), after: Some(after) }
    }

    /// Whether nothing is wrong but that others wrote the same rows: it may be tried again at once.
    #[must_use]
    pub fn is_conflict_of_rows(&self) -> bool {
        entity::is_conflict(self)
    }

    /// Dead-letter the job.
    pub fn fail(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fail { why: why.into() }
    }
}

/// A database that refuses or is away today may not be tomorrow.
impl From<DbErr> for JobError {
    fn from(error: DbErr) -> Self {
        Self::retry(error)
    }
}

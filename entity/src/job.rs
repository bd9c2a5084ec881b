//! The `job` table. What a job is, and how it is claimed, finished and retried, is defined in `queue`.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use domain::{JobId, MerchantId, words};

words! {
    /// What became of a job.
    pub enum JobState {
        /// It waits, or is being done.
        Queued = "queued",
        /// It was done.
        Done = "done",
        /// It was given up; an operator sees why and can retry it.
        Dead = "dead",
        /// An operator threw it away.
        Discarded = "discarded",
    }
}

/// A job: work that a command has enqueued and a worker has to do.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Its id, the one thing of it that Redis holds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// Its kind: the name of its queue.
    pub kind: String,
    /// One job of a kind for each key: what makes a tick on ten schedulers one set of jobs.
    pub dedup_key: Option<String>,
    /// For whom; the queue takes turns among merchants.
    pub merchant_id: Option<MerchantId>,
    /// Its payload as JSON: ids, and no more.
    pub payload: String,
    /// What became of it.
    pub state: JobState,
    /// How many times it was claimed, for whatever end: it fences the claims, so that no two are taken for one another. How often the
    /// job was tried is [`Model::attempts`].
    #[sea_orm(column_name = "attempt")]
    pub claims: i64,
    /// How many claims in a row ended without a word: the process died, or lost its lease.
    pub crashes: i64,
    /// How many of the claims are no attempts: the job was snoozed or released through no fault of its own, or an operator had it tried
    /// again from the start.
    #[sea_orm(column_name = "spared")]
    pub uncounted: i64,
    /// The time before which it must not start.
    pub run_at: DateTime<Utc>,
    /// Why the last attempt did not succeed.
    pub last_error: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Since when it is being done; empty between attempts.
    pub claimed_at: Option<DateTime<Utc>>,
    /// When it was done, given up or thrown away.
    pub finished_at: Option<DateTime<Utc>>,
    /// The trace that it was enqueued in, as W3C Trace Context writes it.
    pub traceparent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// How many attempts count: what every limit goes by, and what people are told.
    #[must_use]
    pub const fn attempts(&self) -> i64 {
        self.claims - self.uncounted
    }
}

pub use Model as Job;

//! The `job` table. What a job is, and how it is claimed, finished and retried, is defined in `queue`.

use chrono::{DateTime, Utc};
use sea_orm::{QueryTrait, entity::prelude::*};

use crate::by_position::read_by_position;
use domain::{JobId, MerchantId, words};

words! {
    /// The state of a job.
    pub enum JobState {
        /// Waiting or running.
        Queued = "queued",
        /// Finished.
        Done = "done",
        /// Failed for good; an operator sees why and can retry it.
        Dead = "dead",
        /// Discarded by an operator.
        Discarded = "discarded",
    }
}

/// A job: work that a command enqueued and a worker does.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// The id of the job: the only part that Redis holds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// The kind of job, which is the name of its queue.
    pub kind: String,
    /// The deduplication key, unique for each kind: ten schedulers enqueue a tick's jobs once.
    pub dedup_key: Option<String>,
    /// The merchant it belongs to. The queue takes turns among merchants.
    pub merchant_id: Option<MerchantId>,
    /// The payload as JSON. It holds only ids.
    pub payload: String,
    /// The state of the job.
    pub state: JobState,
    /// How many times it was claimed. The number fences claims, so that no two are confused. How often the job was
    /// tried is [`Model::attempts`].
    #[sea_orm(column_name = "attempt")]
    pub claims: i64,
    /// Consecutive claims that ended without a result because the process died or lost its lease.
    pub crashes: i64,
    /// Claims that do not count as attempts: the job was snoozed or released through no fault of its own, or an
    /// operator restarted it.
    #[sea_orm(column_name = "spared")]
    pub uncounted: i64,
    /// The earliest start.
    pub run_at: DateTime<Utc>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was created, or since when its deadline counts: an operator restarted it, or it had been too early for it.
    pub created_at: DateTime<Utc>,
    /// When the current attempt claimed it; `None` between attempts.
    pub claimed_at: Option<DateTime<Utc>>,
    /// When it finished, failed for good or was discarded.
    pub finished_at: Option<DateTime<Utc>>,
    /// The trace in which it was enqueued, in the W3C Trace Context format.
    pub traceparent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

read_by_position!(
    pub Model, "job":
    id, kind, dedup_key: optional, merchant_id: optional, payload, state, claims = "attempt", crashes,
    uncounted = "spared", run_at, last_error: optional, created_at, claimed_at: optional, finished_at: optional,
    traceparent: optional,
);

/// Has the deadlines of unfinished jobs, these or all, count from now on: they may be over for jobs that nobody could do in
/// their time.
pub async fn begin_anew(db: &impl ConnectionTrait, only: Option<Vec<JobId>>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let older = Entity::update_many().filter(Column::State.eq(JobState::Queued)).filter(Column::CreatedAt.lt(now));
    let these = older.apply_if(only, |older, ids| older.filter(Column::Id.is_in(ids)));
    these.col_expr(Column::CreatedAt, Expr::value(now)).exec(db).await.map(|_| ())
}

impl Model {
    /// The number of attempts, which limits apply to and people are shown.
    #[must_use]
    pub const fn attempts(&self) -> i64 {
        self.claims - self.uncounted
    }
}

pub use Model as Job;

//! Enqueuing a job: writing its row, in the transaction of the command.

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId};
use entity::job::{ActiveModel, Column, Entity, JobState};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};
use uuid::Uuid;

use crate::{Job, Kind, Trace};

/// What is written in a job's row besides its payload.
#[derive(Debug, Clone, Default)]
pub struct EnqueueOptions {
    /// The merchant that the job is for; the queue takes turns among merchants.
    pub merchant: Option<MerchantId>,
    /// At most one job of this kind is ever enqueued with this key.
    pub dedup_key: Option<String>,
    /// The job does not start before this time; absent: it may start at once.
    pub run_at: Option<DateTime<Utc>>,
}

impl EnqueueOptions {
    /// A job of this merchant, to be done at once.
    #[must_use]
    pub fn for_merchant(merchant: MerchantId) -> Self {
        Self { merchant: Some(merchant), ..Self::default() }
    }

    /// The same options, with a key: a second job of the kind with this key is not enqueued.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self { dedup_key: Some(key.into()), ..self }
    }
}

/// A job that was enqueued: Redis is to be notified of it once the transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a job that is not notified waits until the scheduler finds it"]
pub struct EnqueuedJob {
    /// The job's row.
    pub job: JobId,
    /// Its kind, which names its queue.
    pub kind: Kind,
    /// The lane that it waits in, usually its merchant's.
    pub lane: Uuid,
    /// The time before which it must not start.
    pub run_at: DateTime<Utc>,
}

/// Writes a job's row. `None` if there is a job of that kind and key already.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn enqueue<J: Job>(
    db: &impl ConnectionTrait,
    payload: &J,
    options: EnqueueOptions,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    let run_at = options.run_at.unwrap_or(now);
    let job = JobId::new(now);
    let row = ActiveModel {
        id: Set(job),
        kind: Set(J::KIND.as_str().to_owned()),
        dedup_key: Set(options.dedup_key),
        merchant_id: Set(options.merchant),
        payload: Set(serde_json::to_string(payload).map_err(|error| DbErr::Json(error.to_string()))?),
        state: Set(JobState::Queued),
        attempt: Set(0),
        crashes: Set(0),
        spared: Set(0),
        run_at: Set(run_at),
        last_error: Set(None),
        created_at: Set(now),
        claimed_at: Set(None),
        finished_at: Set(None),
        traceparent: Set(Trace::current().map(|trace| trace.to_string())),
    };
    let once = OnConflict::columns([Column::Kind, Column::DedupKey]).do_nothing().to_owned();
    match Entity::insert(row).on_conflict(once).exec_without_returning(db).await {
        Ok(0) | Err(DbErr::RecordNotInserted) => Ok(None),
        Ok(_) => Ok(Some(EnqueuedJob { job, kind: J::KIND, lane: lane(options.merchant), run_at })),
        Err(error) => Err(error),
    }
}

/// Jobs of no merchant share a lane.
pub(crate) fn lane(merchant: Option<MerchantId>) -> Uuid {
    merchant.map_or(Uuid::nil(), MerchantId::uuid)
}

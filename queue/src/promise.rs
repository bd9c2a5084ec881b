//! Promising a job: its row, in the transaction of the command; and ringing it, after the commit.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{
    JobId, MerchantId,
    job::{ActiveModel, Column, Entity, JobState},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};
use uuid::Uuid;

use crate::{
    Batch, Job, Kind, Limits, Together, Trace,
    bell::{Bell, BellError, Bells},
    news::News,
};

/// What is promised beside the payload.
#[derive(Debug, Clone, Default)]
pub struct Promise {
    /// For whom; the queue takes turns among merchants.
    pub merchant: Option<MerchantId>,
    /// One job of the kind for each key.
    pub dedup_key: Option<String>,
    /// Not before; absent: now.
    pub run_at: Option<DateTime<Utc>>,
}

impl Promise {
    /// A job of this merchant, to be done at once.
    #[must_use]
    pub fn of(merchant: MerchantId) -> Self {
        Self { merchant: Some(merchant), ..Self::default() }
    }

    /// The same, once for each key.
    #[must_use]
    pub fn once(self, key: impl Into<String>) -> Self {
        Self { dedup_key: Some(key.into()), ..self }
    }
}

/// A promised job that is to be rung once its transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a job that is not rung waits until the scheduler finds it"]
pub struct Ticket {
    /// The job.
    pub job: JobId,
    /// Its queue.
    pub kind: Kind,
    /// Whose turn it takes.
    pub lane: Uuid,
    /// Not before.
    pub run_at: DateTime<Utc>,
}

/// Writes a job's row. `None` if there is a job of that kind and key already.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn promise<J: Job>(
    db: &impl ConnectionTrait,
    payload: &J,
    promise: Promise,
    now: DateTime<Utc>,
) -> Result<Option<Ticket>, DbErr> {
    let run_at = promise.run_at.unwrap_or(now);
    let job = JobId::new(now);
    let row = ActiveModel {
        id: Set(job),
        kind: Set(J::KIND.as_str().to_owned()),
        dedup_key: Set(promise.dedup_key),
        merchant_id: Set(promise.merchant),
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
        Ok(_) => Ok(Some(Ticket { job, kind: J::KIND, lane: lane(promise.merchant), run_at })),
        Err(error) => Err(error),
    }
}

/// Jobs of no merchant share a lane.
pub(crate) fn lane(merchant: Option<MerchantId>) -> Uuid {
    merchant.map_or(Uuid::nil(), MerchantId::uuid)
}

/// Rings jobs in Redis. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    bells: Bells,
    ringing: Batch<Ringing>,
    news: News,
}

impl Queue {
    /// A queue on these bells.
    #[must_use]
    pub fn new(bells: Bells) -> Self {
        let ringing = Batch::new(Ringing(bells.clone()), RINGING);
        Self { news: News::new(bells.clone()), ringing, bells }
    }

    /// Rings jobs without waiting: the caller's answer must not depend on Redis. What cannot be rung now is rung by the
    /// scheduler, from the rows.
    pub fn ring(&self, tickets: impl IntoIterator<Item = Ticket>) {
        let tickets: Vec<Ticket> = tickets.into_iter().collect();
        if tickets.is_empty() {
            return;
        }
        let (ringing, jobs) = (self.ringing.clone(), tickets.len());
        tokio::spawn(async move {
            if let Err(error) = ringing.submit(tickets).await {
                tracing::warn!(jobs, %error, "jobs were not rung; the scheduler will");
            }
        });
    }

    /// Rings jobs and waits until Redis has them; answers how many it did not have already.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn ring_now(&self, tickets: &[Ticket]) -> Result<u64, BellError> {
        ring_all(&self.bells, tickets).await
    }

    /// The news, for whoever is looking.
    #[must_use]
    pub const fn news(&self) -> &News {
        &self.news
    }

    /// The bells, for workers.
    #[must_use]
    pub const fn bells(&self) -> &Bells {
        &self.bells
    }
}

/// Rings what is promised while Redis is busy with what was promised before, in one call.
struct Ringing(Bells);

/// Redis does one thing at a time. What waits while it is away is the scheduler's.
const RINGING: Limits = Limits { group: 64, at_once: 1, waiting: 1024, patience: Duration::from_secs(10) };

impl Together for Ringing {
    type Item = Vec<Ticket>;
    type Answer = ();

    async fn handle(&self, group: Vec<Vec<Ticket>>) -> Vec<()> {
        let answers = vec![(); group.len()];
        let tickets = group.concat();
        if let Err(error) = ring_all(&self.0, &tickets).await {
            tracing::warn!(jobs = tickets.len(), %error, "jobs were not rung; the scheduler will");
        }
        answers
    }
}

async fn ring_all(bells: &Bells, tickets: &[Ticket]) -> Result<u64, BellError> {
    let mut rung = 0;
    for kind in Kind::ALL {
        let of_kind: Vec<Bell> = tickets
            .iter()
            .filter(|ticket| ticket.kind == kind)
            .map(|ticket| Bell { job: ticket.job.uuid(), lane: ticket.lane, at: Some(ticket.run_at) })
            .collect();
        if !of_kind.is_empty() {
            rung += bells.ring(kind.as_str(), &of_kind).await?;
        }
    }
    Ok(rung)
}

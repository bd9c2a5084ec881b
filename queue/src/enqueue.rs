//! Enqueues a job: writes its row in the transaction of the command.

use std::{collections::HashSet, hash::Hash};

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId};
use entity::{Db, Rows, job::JobState};
use sea_orm::{ConnectionTrait, DbErr, Statement, TryGetable, Value};
use uuid::Uuid;

use crate::{Job, Kind, Trace};

/// What the keys of jobs begin with that nobody waits for.
const BACKGROUND: &str = "background:";

/// The bit by which a merchant's two lanes differ: in the version of its id, which is 7 and so never has it.
const MARKED: usize = 6;
const MARK: u8 = 0x80;

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

    /// The same options, for a job that nobody waits for: it has its turn beside those that somebody does, not before them. The key makes
    /// it one job, as [`unique`](Self::unique) does.
    #[must_use]
    pub fn in_background(self, key: impl AsRef<str>) -> Self {
        self.unique(format!("{BACKGROUND}{}", key.as_ref()))
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

/// A job that is about to be enqueued.
#[derive(Debug, Clone)]
pub struct JobDraft {
    kind: Kind,
    payload: String,
    options: EnqueueOptions,
    trace: Option<Trace>,
}

impl JobDraft {
    /// A draft of this job, in the trace that this runs in: who writes the draft down writes those of others too.
    ///
    /// # Errors
    /// When the payload cannot be written.
    pub fn new<J: Job>(payload: &J, options: EnqueueOptions) -> Result<Self, serde_json::Error> {
        Ok(Self { kind: J::KIND, payload: serde_json::to_string(payload)?, options, trace: Trace::current() })
    }
}

/// Writes a job's row: a group of one, see [`enqueue_all`]. `None` if there is a job of that kind and key already.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn enqueue<J: Job>(
    db: &impl ConnectionTrait,
    payload: &J,
    options: EnqueueOptions,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    let draft = JobDraft::new(payload, options).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(enqueue_all(db, [&draft], now).await?.pop())
}

/// Writes jobs' rows, by one statement; answers those that were written, in their order. Of each kind and key there is one job.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn enqueue_all<'a>(
    db: &impl ConnectionTrait,
    drafts: impl IntoIterator<Item = &'a JobDraft>,
    now: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, DbErr> {
    let jobs: Vec<NewJob> = drafts.into_iter().map(|draft| NewJob::of(draft, Uuid::nil(), now)).collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    // `WHERE true` tells SQLite that the conflict is not one of a join.
    let insert = insertion("WHERE true");
    let written = ids(db, rows(&jobs).statement(db.get_database_backend(), &insert, more(now))).await?;
    Ok(enqueued(jobs, &written))
}

/// Runs `insert`, which answers the `id` of each row that it writes, and writes the jobs of those rows; commits both, or neither. Each
/// job is given with the id of its row. Answers as [`enqueue_all`].
///
/// # Errors
/// When the database refuses or does not answer; then nothing is written.
pub async fn enqueue_with<'a>(
    db: &Db,
    insert: Statement,
    drafts: impl IntoIterator<Item = (Uuid, &'a JobDraft)>,
    now: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, DbErr> {
    let mut jobs: Vec<NewJob> = drafts.into_iter().map(|(row, draft)| NewJob::of(draft, row, now)).collect();
    if db.has_one_writer() || jobs.is_empty() {
        let tx = db.begin().await?;
        let inserted: HashSet<Uuid> = ids(&tx, insert).await?;
        jobs.retain(|job| inserted.contains(&job.row));
        let enqueued = enqueue_all(&tx, jobs.iter().map(|job| job.draft), now).await?;
        tx.commit().await?;
        return Ok(enqueued);
    }
    // `PostgreSQL` does both in one statement, which commits by itself: one round trip.
    let enqueue = insertion("WHERE job_row IN (SELECT id FROM inserted)");
    let both = rows(&jobs).statement_after(("inserted", insert), &enqueue, more(now));
    let written = ids(db.pool(), both).await?;
    Ok(enqueued(jobs, &written))
}

/// A job with its id.
struct NewJob<'a> {
    id: JobId,
    draft: &'a JobDraft,
    /// The row that it is about, where it is written only if that is.
    row: Uuid,
    run_at: DateTime<Utc>,
}

impl<'a> NewJob<'a> {
    fn of(draft: &'a JobDraft, row: Uuid, now: DateTime<Utc>) -> Self {
        Self { id: JobId::new(now), draft, row, run_at: draft.options.run_at.unwrap_or(now) }
    }
}

/// The statement about [`rows`]: `{0}` is the state, `{1}` the time.
fn insertion(condition: &str) -> String {
    format!(
        "INSERT INTO job (id, kind, dedup_key, merchant_id, payload, traceparent, state, run_at, created_at) \
        SELECT job_id, job_kind, job_key, job_merchant, job_payload, job_trace, {{0}}, due_at, {{1}} FROM v {condition} \
        ON CONFLICT (kind, dedup_key) DO NOTHING RETURNING id"
    )
}

fn more(now: DateTime<Utc>) -> Vec<Value> {
    vec![JobState::Queued.into(), now.into()]
}

fn rows(jobs: &[NewJob]) -> Rows<8> {
    let mut rows = Rows::new([
        ("job_id", "uuid"),
        ("job_row", "uuid"),
        ("job_kind", "text"),
        ("job_key", "text?"),
        ("job_merchant", "uuid?"),
        ("job_payload", "text"),
        ("job_trace", "text?"),
        ("due_at", "timestamptz"),
    ]);
    for NewJob { id, draft, row, run_at } in jobs {
        rows.push([
            (*id).into(),
            (*row).into(),
            draft.kind.as_str().into(),
            draft.options.dedup_key.clone().into(),
            draft.options.merchant.into(),
            draft.payload.as_str().into(),
            draft.trace.as_ref().map(ToString::to_string).into(),
            (*run_at).into(),
        ]);
    }
    rows
}

/// The ids that a statement answers with.
async fn ids<Id: TryGetable + Eq + Hash>(
    db: &impl ConnectionTrait,
    statement: Statement,
) -> Result<HashSet<Id>, DbErr> {
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

fn enqueued(jobs: Vec<NewJob>, written: &HashSet<JobId>) -> Vec<EnqueuedJob> {
    let written = jobs.into_iter().filter(|job| written.contains(&job.id));
    let enqueued = |NewJob { id, draft, run_at, .. }: NewJob| EnqueuedJob {
        job: id,
        kind: draft.kind,
        lane: lane(draft.options.merchant, draft.options.dedup_key.as_deref()),
        run_at,
    };
    written.map(enqueued).collect()
}

/// Jobs of no merchant share a lane. A merchant has two, which take turns like those of two merchants: what somebody waits for never
/// stands behind all that nobody does. The row says which, so that whoever notifies again finds the same.
pub(crate) fn lane(merchant: Option<MerchantId>, dedup_key: Option<&str>) -> Uuid {
    let Some(merchant) = merchant.map(MerchantId::uuid) else { return Uuid::nil() };
    if dedup_key.is_some_and(|key| key.starts_with(BACKGROUND)) { other_lane(merchant) } else { merchant }
}

/// The merchant whose lane it is.
pub(crate) fn of_lane(lane: Uuid) -> Uuid {
    if lane.as_bytes()[MARKED] & MARK == 0 { lane } else { other_lane(lane) }
}

fn other_lane(lane: Uuid) -> Uuid {
    let mut bytes = *lane.as_bytes();
    bytes[MARKED] ^= MARK;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchant_has_two_lanes_and_both_are_known_for_its_own() {
        let merchant = MerchantId::new(Utc::now());
        let (usual, background) = (lane(Some(merchant), Some("remind:1")), lane(Some(merchant), Some("background:1")));
        assert_ne!(usual, background);
        assert_eq!([of_lane(usual), of_lane(background)], [merchant.uuid(); 2]);
        assert_eq!([lane(None, Some("background:1")), of_lane(Uuid::nil())], [Uuid::nil(); 2]);
    }
}

//! Enqueuing jobs: inserting their rows in the command's transaction.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId};
use entity::{Rows, job::JobState};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::{Job, Kind, Lease, Trace};

/// Prefix of the deduplication keys of background jobs, which no one is waiting for.
const BACKGROUND: &str = "background:";

/// The bit that tells a merchant's two lanes apart. It lies in the version nibble of the UUID, which is always 7, so a
/// real id never has it set.
const MARKED: usize = 6;
const MARK: u8 = 0x80;

/// Columns of a job's row besides its payload.
#[derive(Debug, Clone, Default)]
pub struct EnqueueOptions {
    /// The merchant the job belongs to. The queue takes turns among merchants.
    pub merchant: Option<MerchantId>,
    /// Deduplication key: at most one job of this kind is ever enqueued with it.
    pub dedup_key: Option<String>,
    /// The earliest start; `None` means at once.
    pub run_at: Option<DateTime<Utc>>,
    /// Whether no one is waiting for it; see [`in_background`](Self::in_background).
    pub background: bool,
}

impl EnqueueOptions {
    /// Options for a job of this merchant that may start at once.
    #[must_use]
    pub fn for_merchant(merchant: MerchantId) -> Self {
        Self { merchant: Some(merchant), ..Self::default() }
    }

    /// Puts the job in the merchant's background lane, because no one is waiting for it: it takes turns with interactive
    /// jobs instead of delaying them, and leaves them the nearest turns at a rate limit.
    #[must_use]
    pub fn in_background(self) -> Self {
        Self { background: true, ..self }
    }

    /// Puts the job in the same lane as the one that enqueues it, which it continues.
    #[must_use]
    pub fn in_lane_of(self, lease: &Lease) -> Self {
        Self { background: lease.is_background(), ..self }
    }

    /// Sets the deduplication key: a second job of the same kind and key is not enqueued.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self { dedup_key: Some(key.into()), ..self }
    }

    /// The key in the row of this job. That of a background job says so, and is never missing.
    fn key_of(&self, job: JobId) -> Option<String> {
        match &self.dedup_key {
            key if !self.background => key.clone(),
            Some(key) => Some(format!("{BACKGROUND}{key}")),
            None => Some(format!("{BACKGROUND}{job}")),
        }
    }
}

/// A job that was enqueued. Notify Redis of it after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a job that is not notified waits until the scheduler finds it"]
pub struct EnqueuedJob {
    /// The id of the job's row.
    pub job: JobId,
    /// The kind, which names the queue.
    pub kind: Kind,
    /// The lane the job waits in, usually its merchant's.
    pub lane: Uuid,
    /// The earliest start.
    pub run_at: DateTime<Utc>,
}

/// A job that has yet to be enqueued.
#[derive(Debug, Clone)]
pub struct JobDraft {
    kind: Kind,
    payload: String,
    options: EnqueueOptions,
    trace: Option<Trace>,
}

impl JobDraft {
    /// Drafts this job in the current trace. The draft has to carry the trace because one task may write the drafts of
    /// many others.
    ///
    /// # Errors
    /// Returns an error if the payload cannot be serialized.
    pub fn new<J: Job>(payload: &J, options: EnqueueOptions) -> Result<Self, serde_json::Error> {
        Ok(Self { kind: J::KIND, payload: serde_json::to_string(payload)?, options, trace: Trace::current() })
    }
}

/// Inserts one job; see [`enqueue_all`]. Returns `None` if a job of this kind and key already exists.
pub async fn enqueue<J: Job>(
    db: &impl ConnectionTrait,
    payload: &J,
    options: EnqueueOptions,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    let draft = JobDraft::new(payload, options).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(enqueue_all(db, [&draft], now).await?.pop())
}

/// Inserts jobs in one statement and returns those that were inserted, in order. A job whose kind and key already exist
/// is skipped.
pub async fn enqueue_all<'a>(
    db: &impl ConnectionTrait,
    drafts: impl IntoIterator<Item = &'a JobDraft>,
    now: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, DbErr> {
    let jobs: Vec<NewJob> = drafts.into_iter().map(|draft| NewJob::of(draft, now)).collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let more = vec![JobState::Queued.into(), now.into()];
    let insert = rows(&jobs).statement(db.get_database_backend(), INSERT, more);
    let written: HashSet<JobId> =
        db.query_all_raw(insert).await?.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    Ok(enqueued(jobs, &written))
}

/// A job with its id.
struct NewJob<'a> {
    id: JobId,
    draft: &'a JobDraft,
    key: Option<String>,
    run_at: DateTime<Utc>,
}

impl<'a> NewJob<'a> {
    fn of(draft: &'a JobDraft, now: DateTime<Utc>) -> Self {
        let id = JobId::new(now);
        Self { id, draft, key: draft.options.key_of(id), run_at: draft.options.run_at.unwrap_or(now) }
    }
}

/// Inserts [`rows`]: `{0}` is the state, `{1}` the time. Without `WHERE true` SQLite would parse the `ON` of
/// `ON CONFLICT` as a join condition.
const INSERT: &str = "INSERT INTO job (id, kind, dedup_key, merchant_id, payload, traceparent, state, run_at, created_at) \
    SELECT job_id, job_kind, job_key, job_merchant, job_payload, job_trace, {0}, due_at, {1} FROM v WHERE true \
    ON CONFLICT (kind, dedup_key) DO NOTHING RETURNING id";

fn rows(jobs: &[NewJob]) -> Rows<7> {
    let mut rows = Rows::new([
        ("job_id", "uuid"),
        ("job_kind", "text"),
        ("job_key", "text?"),
        ("job_merchant", "uuid?"),
        ("job_payload", "text"),
        ("job_trace", "text?"),
        ("due_at", "timestamptz"),
    ]);
    for NewJob { id, draft, key, run_at } in jobs {
        rows.push([
            (*id).into(),
            draft.kind.as_str().into(),
            key.clone().into(),
            draft.options.merchant.into(),
            draft.payload.as_str().into(),
            draft.trace.as_ref().map(ToString::to_string).into(),
            (*run_at).into(),
        ]);
    }
    rows
}

fn enqueued(jobs: Vec<NewJob>, written: &HashSet<JobId>) -> Vec<EnqueuedJob> {
    let written = jobs.into_iter().filter(|job| written.contains(&job.id));
    let enqueued = |NewJob { id, draft, key, run_at, .. }: NewJob| EnqueuedJob {
        job: id,
        kind: draft.kind,
        lane: lane(draft.options.merchant, key.as_deref()),
        run_at,
    };
    written.map(enqueued).collect()
}

/// The lane of a job. Jobs without a merchant share one. A merchant has two, one interactive and one for background
/// jobs, which take turns as if they were two merchants: interactive jobs never queue up behind a background backlog.
/// The lane is derived from the row, so that repeated notifications agree, and those of the version before and after.
pub(crate) fn lane(merchant: Option<MerchantId>, dedup_key: Option<&str>) -> Uuid {
    let Some(merchant) = merchant.map(MerchantId::uuid) else { return Uuid::nil() };
    if is_background(dedup_key) { other_lane(merchant) } else { merchant }
}

/// Whether no one is waiting for the job with this key.
pub(crate) fn is_background(dedup_key: Option<&str>) -> bool {
    dedup_key.is_some_and(|key| key.starts_with(BACKGROUND))
}

/// The merchant a lane belongs to, if it is not that of jobs without one.
pub(crate) fn merchant_of_lane(lane: Uuid) -> MerchantId {
    MerchantId::from_uuid(of_lane(lane))
}

/// The interactive one of a lane's merchant.
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

    #[test]
    fn the_key_of_a_background_job_says_so_and_leaves_as_many_as_are_wanted() {
        let (options, [one, other]) = (EnqueueOptions::default(), [JobId::new(Utc::now()), JobId::new(Utc::now())]);
        assert_eq!(options.key_of(one), None);
        let background = options.in_background();
        assert_ne!(background.key_of(one), background.key_of(other));
        assert!(is_background(background.key_of(one).as_deref()));
        let unique = background.unique("expire:1");
        assert_eq!(unique.key_of(one).as_deref(), Some("background:expire:1"));
        assert_eq!(unique.key_of(one), unique.key_of(other));
    }
}

//! Storing many events together with the jobs that will apply them.

use std::{collections::HashSet, hash::Hash};

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId, WebhookEventId};
use entity::{
    Db, Rows,
    job::JobState,
    webhook_event::{EventState, NewEvent},
};
use sea_orm::{ConnectionTrait, DbErr, Statement, TryGetable, Value};

use crate::{EnqueuedJob, Job, Kind, Trace, enqueue::lane};

/// A job that is about to be enqueued: it belongs to a merchant, is due at once and has no key.
#[derive(Debug, Clone)]
pub struct JobDraft {
    kind: Kind,
    merchant: MerchantId,
    payload: String,
    trace: Option<Trace>,
}

impl JobDraft {
    /// A draft of this job, in the trace that this runs in: who writes the draft down writes those of others too.
    ///
    /// # Errors
    /// When the payload cannot be written.
    pub fn new<J: Job>(merchant: MerchantId, payload: &J) -> Result<Self, serde_json::Error> {
        Ok(Self { kind: J::KIND, merchant, payload: serde_json::to_string(payload)?, trace: Trace::current() })
    }
}

/// An event, its job, and the id that the job will have.
type One<'a> = (&'a NewEvent, &'a JobDraft, JobId);

const STORE: &str = "INSERT INTO webhook_event \
    (id, merchant_id, source, external_id, kind, payload, state, received_at) \
    SELECT id, merchant_id, source, external_id, kind, payload, {0}, {1} FROM v WHERE true \
    ON CONFLICT (merchant_id, source, external_id) DO NOTHING RETURNING id";

const ENQUEUE: &str = "INSERT INTO job (id, kind, merchant_id, payload, traceparent, state, run_at, created_at) \
    SELECT job_id, job_kind, merchant_id, job_payload, nullif(job_trace, ''), {2}, {1}, {1} FROM v";

/// Stores events, each with the job that will apply it, and commits. Returns the jobs of those that were not stored before. Of
/// two events of a sender with the same id, in `group` or beside it, one is stored.
///
/// # Errors
/// When the database refuses or does not answer; then none is stored.
pub async fn store_all<'a>(
    db: &Db,
    group: impl IntoIterator<Item = (&'a NewEvent, &'a JobDraft)>,
    now: DateTime<Utc>,
) -> Result<Vec<EnqueuedJob>, DbErr> {
    let mut group: Vec<One> = group.into_iter().map(|(event, draft)| (event, draft, JobId::new(now))).collect();
    if group.is_empty() {
        return Ok(Vec::new());
    }
    // Two writers that have the same two events take them in the same order, so that neither waits for the other for ever.
    group.sort_by(|(a, ..), (b, ..)| (a.merchant_id, &a.external_id).cmp(&(b.merchant_id, &b.external_id)));
    if db.has_one_writer() { in_two_steps(db, group, now).await } else { in_one_step(db, group, now).await }
}

/// `PostgreSQL` does both in one statement, which commits by itself: one round trip.
async fn in_one_step(db: &Db, group: Vec<One<'_>>, now: DateTime<Utc>) -> Result<Vec<EnqueuedJob>, DbErr> {
    let both = format!(", stored AS ({STORE}) {ENQUEUE} JOIN stored USING (id) RETURNING id");
    let statement = rows(&group).statement(db.pool().get_database_backend(), &both, words(now).into());
    let promised: HashSet<JobId> = ids(db.pool(), statement).await?;
    Ok(group.iter().filter(|(.., job)| promised.contains(job)).map(|one| enqueued_job(one, now)).collect())
}

/// `SQLite` inserts nothing within another statement.
async fn in_two_steps(db: &Db, mut group: Vec<One<'_>>, now: DateTime<Utc>) -> Result<Vec<EnqueuedJob>, DbErr> {
    let tx = db.begin().await?;
    let [event_state, time, job_state] = words(now);
    let store = rows(&group).statement(tx.get_database_backend(), STORE, vec![event_state.clone(), time.clone()]);
    let stored: HashSet<WebhookEventId> = ids(&tx, store).await?;
    group.retain(|(event, ..)| stored.contains(&event.id));
    if !group.is_empty() {
        let more = vec![event_state, time, job_state];
        tx.execute_raw(rows(&group).statement(tx.get_database_backend(), ENQUEUE, more)).await?;
    }
    tx.commit().await?;
    Ok(group.iter().map(|one| enqueued_job(one, now)).collect())
}

/// What the statements call `{0}`, `{1}` and `{2}`.
fn words(now: DateTime<Utc>) -> [Value; 3] {
    [EventState::Received.into(), now.into(), JobState::Queued.into()]
}

fn rows(group: &[One]) -> Rows<10> {
    let mut rows = Rows::new([
        ("id", "uuid"),
        ("merchant_id", "uuid"),
        ("source", "text"),
        ("external_id", "text"),
        ("kind", "text"),
        ("payload", "text"),
        ("job_id", "uuid"),
        ("job_kind", "text"),
        ("job_payload", "text"),
        ("job_trace", "text"),
    ]);
    for (event, draft, job) in group {
        rows.push([
            event.id.into(),
            event.merchant_id.into(),
            event.source.into(),
            event.external_id.as_str().into(),
            event.kind.as_str().into(),
            event.payload.as_str().into(),
            (*job).into(),
            draft.kind.as_str().into(),
            draft.payload.as_str().into(),
            // A table of rows holds no null.
            draft.trace.as_ref().map(ToString::to_string).unwrap_or_default().into(),
        ]);
    }
    rows
}

fn enqueued_job((_, draft, job): &One, now: DateTime<Utc>) -> EnqueuedJob {
    EnqueuedJob { job: *job, kind: draft.kind, lane: lane(Some(draft.merchant)), run_at: now }
}

async fn ids<Id: TryGetable + Eq + Hash>(
    db: &impl ConnectionTrait,
    statement: Statement,
) -> Result<HashSet<Id>, DbErr> {
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

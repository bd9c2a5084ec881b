//! Jobs of received events. An event stands for its job: the job has the event's id, and its row follows from the event.
//! So storing an event writes one row, and applying it writes its outcome.
//!
//! The row is written once there is something to remember about the job: an attempt ended without success, the job was
//! delivered before, its merchant is paused, or it has waited for long. From then on it is a job like any other. An
//! event that has an outcome has no job any more.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{JobId, MerchantId, WebhookEventId};
use entity::{
    Rows,
    job::{Job as Row, JobState},
    list::{Found, Looks},
    tick,
    webhook_event::{self, PendingEvent, PendingSearch, Source, search_pending},
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{EnqueuedJob, Kind, ProcessSmsEvent, ProcessStripeEvent, enqueue::lane};

/// The tick that writes the rows of jobs that have waited for long.
pub const TICK: &str = "adopt";

/// How long a job waits until its row is written: longer than a healthy worker takes to claim it.
const OVERDUE: TimeDelta = TimeDelta::seconds(10);

/// An event has been committed, or never will be, this long after the time it says it came.
const COMMITTED: TimeDelta = TimeDelta::minutes(1);

/// How far back is looked if it is not known when that was done last: no event is tried for longer.
const LONGEST: TimeDelta = TimeDelta::days(3);

/// Of how long one statement looks at the events: after years without a scheduler there are millions.
const SPAN: TimeDelta = TimeDelta::minutes(10);

/// How far back is looked now and then for events that were committed late: the database can hold up a statement for as
/// long as its settings let it.
const LATE: TimeDelta = TimeDelta::minutes(20);

/// How many rows are written at once.
const PAGE: u64 = 1_000;

/// The job of an event that was just stored, to notify Redis of after the commit.
pub fn enqueued(event: WebhookEventId, merchant: MerchantId, source: Source, now: DateTime<Utc>) -> EnqueuedJob {
    EnqueuedJob {
        job: JobId::from_uuid(event.uuid()),
        kind: kind(source),
        lane: lane(Some(merchant), None),
        run_at: now,
    }
}

/// Writes the rows of jobs that have waited for long, of the events that were committed since this was done last. Returns
/// how many.
pub async fn write_overdue(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let last = tick::last_due(db, TICK).await?;
    write_since(db, last.map_or(now - LONGEST, |last| last.min(now) - COMMITTED), now).await
}

/// Writes the rows of jobs that have waited for long, of the latest events, also of those that were committed later than
/// [`write_overdue`] expects: nobody else would find them. Returns how many.
pub async fn write_late(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    write_since(db, now - LATE, now).await
}

async fn write_since(db: &impl ConnectionTrait, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let (end, mut from, mut written) = (now - OVERDUE, since, 0);
    // Most of a long time may be without any.
    while let Some(first) = webhook_event::first_between(db, (from, end)).await? {
        let to = end.min(first + SPAN);
        written += write_between(db, (from, to)).await?;
        from = to;
    }
    Ok(written)
}

async fn write_between(db: &impl ConnectionTrait, span: (DateTime<Utc>, DateTime<Utc>)) -> Result<u64, DbErr> {
    let (mut after, mut written) = (None, 0);
    loop {
        let page = webhook_event::pending_since(db, span, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(written) };
        after = Some((last.received_at, last.id));
        let rows = page.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
        written += write(db, &rows).await?;
    }
}

/// Whether the row of a job may have been written because it has waited for long, by a clock that may differ a little.
pub(crate) fn may_be_written(job: &Row, now: DateTime<Utc>) -> bool {
    now - job.created_at > OVERDUE / 2
}

/// The time since when events may have come whose jobs wait and have no row.
pub(crate) async fn rowless_since(db: &impl ConnectionTrait) -> Result<DateTime<Utc>, DbErr> {
    Ok(tick::last_due(db, TICK).await?.map_or(DateTime::UNIX_EPOCH, |last| last - COMMITTED))
}

/// A page of the jobs that wait and may have no row, newest first: with the rows that they would have. It may be short or
/// empty although there are more events to look through.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    search: PendingSearch,
    limit: u64,
    looks: Looks,
) -> Result<Found<Row, JobId>, DbErr> {
    let search = PendingSearch { since: rowless_since(db).await?, ..search };
    let Found { rows, looked_to } = search_pending(db, &search, limit, looks).await?;
    let rows = rows.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok(Found { rows, looked_to: looked_to.map(|event| JobId::from_uuid(event.uuid())) })
}

/// The row that a job without one would have, if its event waits to be applied.
pub(crate) async fn find(db: &impl ConnectionTrait, job: JobId) -> Result<Option<Row>, DbErr> {
    let id = Some(WebhookEventId::from_uuid(job.uuid()));
    Ok(list(db, PendingSearch { id, ..PendingSearch::default() }, 1, Looks::default()).await?.rows.pop())
}

/// The sender of the events of this kind's jobs, if events stand for them.
pub(crate) fn source(of: Kind) -> Option<Source> {
    Source::ALL.iter().copied().find(|source| kind(*source) == of)
}

/// Writes the row of a job, if its event waits to be applied and it has none.
pub(crate) async fn write_one(db: &impl ConnectionTrait, job: JobId, merchant: MerchantId) -> Result<(), DbErr> {
    let rows: Vec<Row> = pending(db, &[(job, merchant)]).await?.into_values().collect();
    write(db, &rows).await.map(|_| ())
}

/// The rows that these jobs, each of the given merchant, would have. Those whose event does not wait to be applied are
/// left out.
pub(crate) async fn pending(
    db: &impl ConnectionTrait,
    jobs: &[(JobId, MerchantId)],
) -> Result<HashMap<JobId, Row>, DbErr> {
    let event = |(job, merchant): &(JobId, MerchantId)| (*merchant, WebhookEventId::from_uuid(job.uuid()));
    let events = webhook_event::pending(db, &jobs.iter().map(event).collect::<Vec<_>>()).await?;
    events.into_iter().map(|event| row(event).map(|row| (row.id, row))).collect()
}

/// Writes rows, as they are before the first attempt. Those that are there already, and those whose event was applied
/// meanwhile, are left as they are. Returns how many were written.
///
/// Raw SQL: one statement for any number of rows.
pub(crate) async fn write(db: &impl ConnectionTrait, jobs: &[Row]) -> Result<u64, DbErr> {
    const INSERT: &str = "INSERT INTO job (id, kind, merchant_id, payload, traceparent, state, run_at, created_at) \
        SELECT job_id, job_kind, job_merchant, job_payload, job_trace, {0}, due_at, made_at FROM v \
        WHERE NOT EXISTS (SELECT 1 FROM webhook_outcome WHERE event_id = job_id) ON CONFLICT (id) DO NOTHING";

    let mut rows = Rows::new([
        ("job_id", "uuid"),
        ("job_kind", "text"),
        ("job_merchant", "uuid?"),
        ("job_payload", "text"),
        ("job_trace", "text?"),
        ("due_at", "timestamptz"),
        ("made_at", "timestamptz"),
    ]);
    // In the order of their ids, so that two writers with the same jobs do not deadlock.
    let in_order: BTreeMap<JobId, &Row> = jobs.iter().map(|job| (job.id, job)).collect();
    for job in in_order.into_values() {
        rows.push([
            job.id.into(),
            job.kind.as_str().into(),
            job.merchant_id.into(),
            job.payload.as_str().into(),
            job.traceparent.clone().into(),
            job.run_at.into(),
            job.created_at.into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(0);
    }
    let insert = rows.statement(db.get_database_backend(), INSERT, vec![JobState::Queued.into()]);
    Ok(db.execute_raw(insert).await?.rows_affected())
}

fn row(event: PendingEvent) -> Result<Row, DbErr> {
    let PendingEvent { id, merchant_id: merchant, source, received_at, traceparent } = event;
    let payload = match source {
        Source::Stripe => serde_json::to_string(&ProcessStripeEvent { merchant, event: id }),
        Source::Sms => serde_json::to_string(&ProcessSmsEvent { merchant, event: id }),
    };
    Ok(Row {
        id: JobId::from_uuid(id.uuid()),
        kind: kind(source).to_string(),
        dedup_key: None,
        merchant_id: Some(merchant),
        payload: payload.map_err(|error| DbErr::Json(error.to_string()))?,
        state: JobState::Queued,
        claims: 0,
        crashes: 0,
        uncounted: 0,
        run_at: received_at,
        last_error: None,
        created_at: received_at,
        claimed_at: None,
        finished_at: None,
        traceparent,
    })
}

/// The kind of the jobs of this sender's events.
const fn kind(source: Source) -> Kind {
    match source {
        Source::Stripe => Kind::ProcessStripeEvent,
        Source::Sms => Kind::ProcessSmsEvent,
    }
}

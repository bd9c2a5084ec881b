//! Promising many jobs in one statement.

use chrono::{DateTime, Utc};
use entity::{JobId, MerchantId, Rows, job::JobState};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{Job, Kind, Ticket, Trace, promise::lane};

/// A job that is about to be promised: a merchant's, to be done at once, and without a key.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: Kind,
    merchant: MerchantId,
    payload: String,
    trace: Option<Trace>,
}

impl Draft {
    /// A draft of this job, in the trace that this runs in: who writes the draft down writes those of others too.
    ///
    /// # Errors
    /// When the payload cannot be written.
    pub fn new<J: Job>(merchant: MerchantId, payload: &J) -> Result<Self, serde_json::Error> {
        Ok(Self { kind: J::KIND, merchant, payload: serde_json::to_string(payload)?, trace: Trace::current() })
    }
}

/// Writes the rows of jobs; the tickets are in the order of the drafts.
///
/// # Errors
/// When the database refuses or does not answer; then none is written.
pub async fn promise_all(
    db: &impl ConnectionTrait,
    drafts: Vec<Draft>,
    now: DateTime<Utc>,
) -> Result<Vec<Ticket>, DbErr> {
    let mut rows = Rows::new([
        ("id", "uuid"),
        ("kind", "text"),
        ("merchant_id", "uuid"),
        ("payload", "text"),
        ("traceparent", "text"),
    ]);
    let mut tickets = Vec::with_capacity(drafts.len());
    for Draft { kind, merchant, payload, trace } in drafts {
        let job = JobId::new(now);
        tickets.push(Ticket { job, kind, lane: lane(Some(merchant)), run_at: now });
        // A table of rows holds no null.
        let trace = trace.map(|trace| trace.to_string()).unwrap_or_default();
        rows.push([job.into(), kind.as_str().into(), merchant.into(), payload.into(), trace.into()]);
    }
    if !rows.is_empty() {
        let insert = "INSERT INTO job (id, kind, merchant_id, payload, traceparent, state, run_at, created_at) \
            SELECT id, kind, merchant_id, payload, nullif(traceparent, ''), {0}, {1}, {1} FROM v";
        let more = vec![JobState::Queued.into(), now.into()];
        db.execute_raw(rows.statement(db.get_database_backend(), insert, more)).await?;
    }
    Ok(tickets)
}

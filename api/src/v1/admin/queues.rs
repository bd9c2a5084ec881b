//! `/v1/admin/queues`: how the queues stand.

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json};
use queue::{KindStanding, standings, survey_bells, survey_rows};

use super::Group;
use crate::{Api, Problem, auth::Operator};

pub(crate) struct Queues;

/// How all queues stand.
#[derive(Debug, Object)]
#[oai(rename = "Queues")]
struct QueuesView {
    /// Whether Redis answers; without it nothing is done, and what it would know is absent.
    redis: bool,
    items: Vec<QueueView>,
}

/// How the jobs of one kind stand.
#[derive(Debug, Object)]
#[oai(rename = "Queue", skip_serializing_if_is_none)]
struct QueueView {
    kind: String,
    /// How many wait for a worker.
    ready: Option<u64>,
    /// How many are to be done later.
    delayed: Option<u64>,
    /// How many are being done.
    in_flight: Option<u64>,
    /// How many were given up and wait for an operator.
    dead: u64,
    /// Since when the one that has waited the longest is due, if any is.
    oldest_due_at: Option<DateTime<Utc>>,
    /// How long it has waited, in seconds.
    oldest_age_seconds: Option<i64>,
}

impl QueueView {
    fn of(standing: KindStanding, now: DateTime<Utc>) -> Self {
        let rows = standing.rows.unwrap_or_default();
        let oldest = rows.due_since.filter(|due| *due <= now);
        Self {
            kind: standing.kind.to_string(),
            ready: standing.bells.map(|bells| bells.ready),
            delayed: standing.bells.map(|bells| bells.due),
            in_flight: standing.bells.map(|bells| bells.leased),
            dead: rows.dead,
            oldest_due_at: oldest,
            oldest_age_seconds: oldest.map(|due| (now - due).num_seconds()),
        }
    }
}

#[OpenApi(tag = "Group::Admin")]
impl Queues {
    /// See how the queues stand
    ///
    /// It costs the same however many jobs wait.
    #[oai(path = "/admin/queues", method = "get")]
    async fn queues(&self, api: Data<&Api>, _key: Operator) -> Result<Json<QueuesView>, Problem> {
        let (bells, rows) = tokio::join!(survey_bells(api.queue.bells()), survey_rows(api.db.pool()));
        let (bells, rows, now) = (bells.ok(), rows?, api.clock.now());
        let standings = standings(bells.as_deref(), Some(&rows));
        let items = standings.into_iter().map(|standing| QueueView::of(standing, now)).collect();
        Ok(Json(QueuesView { redis: bells.is_some(), items }))
    }
}

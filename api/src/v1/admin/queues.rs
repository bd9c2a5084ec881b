//! `/v1/admin/queues`: the state of the queues.

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use queue::{
    Kind,
    admin::{HISTORY_HOURS, KindStats, MOST_DEAD, Point, depths, history, row_stats, stats},
};

use super::Group;
use crate::http::typed::Text;
use crate::{Api, Problem, auth::Operator};

pub(crate) struct AdminQueues;

/// The state of all queues.
#[derive(Debug, Object)]
#[oai(rename = "Queues")]
struct QueuesView {
    /// Whether Redis answers. Without it no jobs run, and the figures from Redis are absent.
    redis: bool,
    /// Whether more jobs may be dead than `dead` of the items says: 10,000 of all kinds together are counted.
    more_dead: bool,
    items: Vec<QueueView>,
}

/// The state of the jobs of one kind.
#[derive(Debug, Object)]
#[oai(rename = "Queue", skip_serializing_if_is_none)]
struct QueueView {
    kind: Text<Kind>,
    /// Jobs that are waiting for a worker.
    ready: Option<u64>,
    /// Jobs that are due later.
    delayed: Option<u64>,
    /// Jobs that are running.
    in_flight: Option<u64>,
    /// Jobs that were dead-lettered and wait for an operator; there may be more, if `more_dead` says so.
    dead: u64,
    /// The due time of the job that has waited the longest.
    oldest_due_at: Option<DateTime<Utc>>,
    /// How long it has waited, in seconds.
    oldest_age_seconds: Option<i64>,
}

impl QueueView {
    fn of(kind_stats: KindStats, now: DateTime<Utc>) -> Self {
        let rows = kind_stats.rows.unwrap_or_default();
        let oldest = rows.due_since.filter(|due| *due <= now);
        Self {
            kind: Text(kind_stats.kind),
            ready: kind_stats.queues.map(|queues| queues.ready),
            delayed: kind_stats.queues.map(|queues| queues.due),
            in_flight: kind_stats.queues.map(|queues| queues.leased),
            dead: rows.dead,
            oldest_due_at: oldest,
            oldest_age_seconds: oldest.map(|due| (now - due).num_seconds()),
        }
    }
}

/// How the queues stood, and what was done.
#[derive(Debug, Object)]
#[oai(rename = "QueueHistory")]
struct QueueHistoryView {
    /// How many minutes each point covers.
    minutes: u32,
    /// When the oldest point that could be there begins: sixty of them end now.
    since: DateTime<Utc>,
    /// Oldest first, without those of which nothing was measured because no scheduler was running.
    items: Vec<PointView>,
}

/// A few minutes of the queues.
#[derive(Debug, Object)]
#[oai(rename = "QueuePoint", skip_serializing_if_is_none)]
struct PointView {
    /// When they begin.
    at: DateTime<Utc>,
    /// The most jobs that were waiting for a worker; absent if Redis did not answer.
    ready: Option<u64>,
    /// The most jobs that were due later.
    delayed: Option<u64>,
    /// Jobs that were done. Those of received webhooks are not counted: their rows are deleted when they are done.
    done: u64,
}

impl From<Point> for PointView {
    fn from(point: Point) -> Self {
        let depth = point.depth;
        Self {
            at: point.at,
            ready: depth.map(|depth| depth.ready),
            delayed: depth.map(|depth| depth.delayed),
            done: point.done,
        }
    }
}

#[OpenApi(tag = "Group::Admin")]
impl AdminQueues {
    /// See how the queues stood
    ///
    /// Their depth and throughput by the minute, over the last hour or hours, in sixty points.
    #[oai(path = "/admin/queues/history", method = "get")]
    async fn history(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// Only jobs of this kind.
        kind: Query<Option<Text<Kind>>>,
        /// How far back: up to 48 hours; 1 if absent.
        #[oai(validator(minimum(value = "1"), maximum(value = "48")))]
        hours: Query<Option<u32>>,
    ) -> Result<Json<QueueHistoryView>, Problem> {
        let hours = hours.0.unwrap_or(1).clamp(1, HISTORY_HOURS);
        let (since, points) = history(api.db.pool(), kind.0.map(Text::value), hours, api.clock.now()).await?;
        Ok(Json(QueueHistoryView { minutes: hours, since, items: points.into_iter().map(Into::into).collect() }))
    }

    /// See the state of the queues
    ///
    /// The cost does not depend on the number of jobs.
    #[oai(path = "/admin/queues", method = "get")]
    async fn queues(&self, api: Data<&Api>, _key: Operator) -> Result<Json<QueuesView>, Problem> {
        let (queues, rows) = tokio::join!(depths(api.queue.queues()), row_stats(api.db.pool()));
        let (queues, rows, now) = (queues.ok(), rows?, api.clock.now());
        let stats = stats(queues.as_deref(), Some(&rows));
        let items = stats.into_iter().map(|kind_stats| QueueView::of(kind_stats, now)).collect();
        let more_dead = rows.iter().map(|kind| kind.dead).sum::<u64>() >= MOST_DEAD;
        Ok(Json(QueuesView { redis: queues.is_some(), more_dead, items }))
    }
}

//! Whether a process can take work: the answer of `/readyz` in every role.

use std::{sync::Arc, time::Duration};

use entity::DatabaseTime;
use entity::{Db, heartbeat::HeartbeatError};
use poem::{Response, http::StatusCode};
use queue::Queue;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

/// How long a part may take to answer before it counts as away.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How long a row that was written and read back proves that the next one will be, too. Whoever asks meanwhile costs a round trip:
/// of ten replicas that are asked every second, the database writes two rows a second.
const PROVEN_FOR: Duration = Duration::from_secs(5);

/// Whether this process can take work. Cheap to clone; all clones learn together that it stops.
#[derive(Debug, Clone)]
pub struct Readiness {
    db: Db,
    /// When a row was last written and read back.
    proven: Arc<Mutex<Option<Instant>>>,
    queue: Queue,
    needs_redis: bool,
    time: DatabaseTime,
    stopping: watch::Sender<bool>,
}

impl Readiness {
    /// Ready whenever the database keeps what it is given and, if it needs that, Redis can be used, until it is told to stop.
    #[must_use]
    pub fn new(db: Db, queue: Queue, time: DatabaseTime, needs_redis: bool) -> Self {
        Self { db, proven: Arc::default(), queue, needs_redis, time, stopping: watch::Sender::new(false) }
    }

    /// Not ready from now on: this process is stopping.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Resolves when the process is stopping: what would go on for ever ends then.
    pub async fn stopped(&self) {
        let mut told = self.stopping.subscribe();
        // The sender lives in `self`; without one there would be nothing to wait for.
        let _ = told.wait_for(|stopping| *stopping).await;
    }

    /// What `/readyz` answers: 200 if it can take work, else 503, and which part says what.
    pub async fn answer(&self) -> Response {
        if *self.stopping.borrow() {
            return answer(false, &json!({"stopping": true}));
        }
        let (database, redis) = tokio::join!(
            tokio::time::timeout(ANSWER_WITHIN, self.database_keeps()),
            tokio::time::timeout(ANSWER_WITHIN, self.queue.queues().check_usable()),
        );
        match &database {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.tell_database(domain::with_sources(error)),
            Err(_) => self.tell_database(format!("nothing within {ANSWER_WITHIN:?}")),
        }
        if let Ok(Err(error)) = &redis {
            tracing::warn!(error = error as &dyn std::error::Error, "Redis cannot be used");
        }
        let (database, redis) = (matches!(database, Ok(Ok(()))), matches!(redis, Ok(Ok(()))));
        let word = |ok: bool| if ok { "ok" } else { "unavailable" };
        let mut parts = json!({"database": word(database), "redis": word(redis)});
        tell_clock(&self.time, &mut parts);
        answer(database && (redis || !self.needs_redis), &parts)
    }
}

/// A wrong clock is reported, but is no reason to turn requests away: times are the database's.
fn tell_clock(time: &DatabaseTime, parts: &mut Value) {
    if time.is_doubted() {
        parts["clock"] = json!("doubted");
    } else if time.is_skewed() {
        parts["clock"] = json!("skewed");
        parts["clock_skew_seconds"] = json!(time.skew().as_seconds_f64());
    } else {
        parts["clock"] = json!("ok");
    }
}

impl Readiness {
    /// Logs why the database is not ready, and beside everything why it takes no new connection, if that is why.
    fn tell_database(&self, error: String) {
        let db = self.db.clone();
        tokio::spawn(async move {
            let refusal = db.refusal().await;
            tracing::warn!(error, refusal, "not ready: the database");
        });
    }

    /// Whether the database keeps what it is given: it did just now, or it does now. Those who ask at once are answered by one row.
    async fn database_keeps(&self) -> Result<(), HeartbeatError> {
        let mut proven = self.proven.lock().await;
        if proven.is_some_and(|at| at.elapsed() < PROVEN_FOR) {
            drop(proven);
            return Ok(self.db.ping().await?);
        }
        *proven = None;
        self.db.heartbeat(self.time.clock().now()).await?;
        *proven = Some(Instant::now());
        Ok(())
    }
}

fn answer(ready: bool, parts: &Value) -> Response {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder().status(status).content_type("application/json").body(parts.to_string())
}

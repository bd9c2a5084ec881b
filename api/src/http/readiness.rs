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

/// Timeout of each check.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// For how long a successful write check counts. A request within this time costs only a round trip: ten replicas that
/// are asked every second write two rows a second.
const PROVEN_FOR: Duration = Duration::from_secs(5);

/// Whether this process can take work. Cheap to clone; all clones see the stop.
#[derive(Debug, Clone)]
pub struct Readiness {
    db: Db,
    /// When the last write check succeeded.
    proven: Arc<Mutex<Option<Instant>>>,
    queue: Queue,
    needs_redis: bool,
    time: DatabaseTime,
    stopping: watch::Sender<bool>,
}

/// The dependencies that a process can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usable {
    /// The database stores writes.
    pub database: bool,
    /// Redis accepts writes.
    pub redis: bool,
}

impl Readiness {
    /// Ready while the database stores writes and, if required, Redis is reachable, until [`stop`](Self::stop).
    #[must_use]
    pub fn new(db: Db, queue: Queue, time: DatabaseTime, needs_redis: bool) -> Self {
        Self { db, proven: Arc::default(), queue, needs_redis, time, stopping: watch::Sender::new(false) }
    }

    /// Makes the process not ready, because it is stopping.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Resolves when the process is stopping, so that endless work ends.
    pub async fn stopped(&self) {
        let mut told = self.stopping.subscribe();
        // The sender lives in `self`, so this cannot fail.
        let _ = told.wait_for(|stopping| *stopping).await;
    }

    /// The answer of `/readyz`: 200 if the process can take work, else 503, with the state of each part.
    pub async fn answer(&self) -> Response {
        if *self.stopping.borrow() {
            return answer(false, &json!({"stopping": true}));
        }
        let usable = self.check().await;
        let word = |ok: bool| if ok { "ok" } else { "unavailable" };
        let mut parts = json!({"database": word(usable.database), "redis": word(usable.redis)});
        tell_clock(&self.time, &mut parts);
        answer(usable.database && (usable.redis || !self.needs_redis), &parts)
    }

    /// Checks what can be used, and logs why something cannot.
    pub async fn check(&self) -> Usable {
        let (database, redis) = tokio::join!(
            tokio::time::timeout(ANSWER_WITHIN, self.database_keeps()),
            tokio::time::timeout(ANSWER_WITHIN, self.queue.check_usable()),
        );
        match &database {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.tell_database(domain::with_sources(error)),
            Err(_) => self.tell_database(format!("nothing within {ANSWER_WITHIN:?}")),
        }
        if let Ok(Err(error)) = &redis {
            tracing::warn!(error = error as &dyn std::error::Error, "Redis cannot be used");
        }
        Usable { database: matches!(database, Ok(Ok(()))), redis: matches!(redis, Ok(Ok(()))) }
    }
}

/// Reports a wrong clock, which is no reason to refuse requests, since the database's time counts.
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
    /// Logs why the database is not ready, and why it accepts no new connections, if so.
    fn tell_database(&self, error: String) {
        let db = self.db.clone();
        tokio::spawn(async move {
            let refusal = db.refusal().await;
            tracing::warn!(error, refusal, "not ready: the database");
        });
    }

    /// Whether the database stores writes: proven recently, or by a check now. Concurrent callers share one check.
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

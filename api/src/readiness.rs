//! Whether a process can take work: what `/readyz` answers, in every role.

use std::time::Duration;

use entity::{DatabaseTime, Db};
use poem::{Response, http::StatusCode};
use queue::Queue;
use serde_json::{Value, json};
use tokio::sync::watch;

/// How long a part may take to answer before it counts as away.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Whether this process can take work. Cheap to clone; all clones are told together that it stops.
#[derive(Debug, Clone)]
pub struct Readiness {
    db: Db,
    queue: Queue,
    time: DatabaseTime,
    stopping: watch::Sender<bool>,
}

impl Readiness {
    /// Ready whenever the database and Redis answer, until it is told to stop.
    #[must_use]
    pub fn new(db: Db, queue: Queue, time: DatabaseTime) -> Self {
        Self { db, queue, time, stopping: watch::Sender::new(false) }
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
            tokio::time::timeout(ANSWER_WITHIN, self.db.ping()),
            tokio::time::timeout(ANSWER_WITHIN, self.queue.bells().ping()),
        );
        let (database, redis) = (matches!(database, Ok(Ok(()))), matches!(redis, Ok(Ok(()))));
        let word = |ok: bool| if ok { "ok" } else { "unavailable" };
        let mut parts = json!({"database": word(database), "redis": word(redis)});
        tell_clock(&self.time, &mut parts);
        answer(database && redis, &parts)
    }
}

/// A wrong clock is told and is no reason to turn away: times are the database's.
fn tell_clock(time: &DatabaseTime, parts: &mut Value) {
    if time.is_skewed() {
        parts["clock"] = json!("skewed");
        parts["clock_skew_seconds"] = json!(time.skew().as_seconds_f64());
    } else {
        parts["clock"] = json!("ok");
    }
}

fn answer(ready: bool, parts: &Value) -> Response {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder().status(status).content_type("application/json").body(parts.to_string())
}

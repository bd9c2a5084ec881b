//! Whether the process is alive, and whether it can do its work.

use entity::Db;
use poem::{Response, handler, http::StatusCode, web::Data};
use queue::Queue;
use serde_json::json;

use crate::Api;

/// The process is alive.
#[handler]
pub(crate) fn alive() -> &'static str {
    "ok\n"
}

/// Database and Redis answer. Without Redis commands are still accepted, but nothing is done about them.
#[handler]
pub(crate) async fn ready(api: Data<&Api>) -> Response {
    readiness(&api.db, &api.queue).await
}

/// What `/readyz` answers: 200 if database and Redis answer, else 503, and which of them does.
pub async fn readiness(db: &Db, queue: &Queue) -> Response {
    let (database, redis) = tokio::join!(db.ping(), queue.bells().ping());
    let word = |ok: bool| if ok { "ok" } else { "unavailable" };
    let body = json!({"database": word(database.is_ok()), "redis": word(redis.is_ok())});
    let status = if database.is_ok() && redis.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

//! Whether the process is alive, and whether it can do its work.

use poem::{Response, handler, http::StatusCode, web::Data};
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
    let (database, redis) = tokio::join!(api.db.ping(), api.queue.bells().ping());
    let word = |ok: bool| if ok { "ok" } else { "unavailable" };
    let body = json!({"database": word(database.is_ok()), "redis": word(redis.is_ok())});
    let status = if database.is_ok() && redis.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

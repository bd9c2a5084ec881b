//! Whether the process is alive, and whether it can do its work.

use poem::{Response, handler, web::Data};

use crate::Api;

/// The process is alive.
#[handler]
pub(crate) fn alive() -> &'static str {
    "ok\n"
}

/// The database takes writes, and the process is not stopping. Without Redis commands are still accepted; the body says so.
#[handler]
pub(crate) async fn ready(api: Data<&Api>) -> Response {
    api.readiness.answer().await
}

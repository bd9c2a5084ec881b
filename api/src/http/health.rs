//! Liveness (`/healthz`) and readiness (`/readyz`).

use poem::{Request, Response, handler, web::Data};

use crate::{Api, http::address};

/// Says `not-trusted` if a proxy's forwarding headers are not trusted; `paylink doctor` checks this through the public
/// URL.
pub const PROXY_HEADER: &str = "Paylink-Proxy";

/// The process is alive.
#[handler]
pub(crate) fn alive(request: &Request, Data(api): Data<&Api>) -> Response {
    let response = Response::builder().content_type("text/plain; charset=utf-8");
    let is_untrusted = address::is_by_untrusted_proxy(request, &api.trusted_proxies);
    if is_untrusted { response.header(PROXY_HEADER, "not-trusted") } else { response }.body("ok\n")
}

/// The database accepts writes, and the process is not stopping. Without Redis commands are still accepted; the body
/// says so.
#[handler]
pub(crate) async fn ready(api: Data<&Api>) -> Response {
    api.readiness.answer().await
}

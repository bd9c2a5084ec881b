//! `/openapi.json`, and `/docs`, a readable version with a guide. The viewer is `RapiDoc` (MIT) as published on npm,
//! compiled into the program: the page loads nothing from elsewhere.

use std::sync::LazyLock;

use bytes::Bytes;
use poem::{Endpoint, Response, Route, endpoint::make_sync, http::header};

use crate::http::methods::get;

/// The guide at the beginning of the description.
pub(super) const GUIDE: &str = include_str!("../docs/guide.md");

const PAGE: &str = include_str!("../docs/index.html");
const SCRIPT: &str = include_str!("../docs/docs.js");
const READER: &str = include_str!("../docs/rapidoc.js");

/// The viewer writes its own styles, and calls the API from the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// `/openapi.json` for the API at this URL.
pub(crate) fn document(public_url: String) -> impl Endpoint<Output = Response> {
    let text = LazyLock::new(move || Bytes::from(super::description().text_at(&public_url)));
    make_sync(move |_| Response::builder().content_type("application/json").body(Bytes::clone(&text)))
}

/// The page, at the root with and without a slash, its script, and the viewer.
pub(crate) fn routes() -> Route {
    Route::new()
        .at("/", get(file("text/html; charset=utf-8", PAGE, "no-cache")))
        .at("/docs.js", get(file("text/javascript; charset=utf-8", SCRIPT, "no-cache")))
        .at("/rapidoc.js", get(file("text/javascript; charset=utf-8", READER, "max-age=3600")))
}

fn file(content_type: &'static str, content: &'static str, kept: &'static str) -> impl Endpoint<Output = Response> {
    make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::CACHE_CONTROL, kept)
            .body(content)
    })
}

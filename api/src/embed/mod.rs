//! `/embed.js`: an order's payment link in a page of any origin, by a web component without dependencies.

use poem::{Endpoint, Response, endpoint::make_sync, http::header};

const COMPONENT: &str = include_str!("embed.js");

/// The component. It is for pages of other origins, and holds nothing of anybody's.
pub(crate) fn component() -> impl Endpoint<Output = Response> {
    make_sync(|_| {
        Response::builder()
            .content_type("text/javascript; charset=utf-8")
            .header("Cross-Origin-Resource-Policy", "cross-origin")
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(header::CACHE_CONTROL, "public, max-age=300")
            .body(COMPONENT)
    })
}

#[cfg(test)]
mod tests {
    use super::COMPONENT;

    #[test]
    fn it_is_small_and_writes_no_markup() {
        assert!(COMPONENT.len() < 25_000, "{} bytes", COMPONENT.len());
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".cssText"]
        {
            assert!(!COMPONENT.contains(sink), "{sink} is not for pages with Trusted Types");
        }
    }
}

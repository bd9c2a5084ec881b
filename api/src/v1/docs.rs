//! `/docs`: the API, readable. The page has its scripts in itself; its policy names them by what they are.

use std::iter;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::sha256;
use poem::{Endpoint, Response, Route, endpoint::make_sync, http::header};

/// Without one, a browser asks for a file that is not there.
const ICON: &str = "<head>\n<link rel=\"icon\" href=\"/console/icon.svg\" type=\"image/svg+xml\">";

/// The page, at the root with and without a slash.
pub(crate) fn routes(html: &str) -> Route {
    let html = html.replacen("<head>", ICON, 1);
    let policy = policy(&html);
    Route::new().at("/", show(html, policy))
}

fn show(html: String, policy: String) -> impl Endpoint<Output = Response> {
    make_sync(move |_| {
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, &policy)
            .body(html.clone())
    })
}

/// Styles are let in as they come: the page makes many as it goes.
fn policy(html: &str) -> String {
    let hashes: Vec<String> =
        scripts(html).map(|script| format!("'sha256-{}'", STANDARD.encode(sha256(script.as_bytes())))).collect();
    format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        hashes.join(" ")
    )
}

/// What stands between `<script …>` and `</script>`, as a browser reads it: a `<script` within a script is a part of it.
fn scripts(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    iter::from_fn(move || {
        let (_, element) = rest.split_once("<script")?;
        let (script, after) = element.split_once('>')?.1.split_once("</script>")?;
        rest = after;
        Some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_each_script_of_the_page() {
        let html = "<script charset=\"UTF-8\">one('<script>')</script><p></p><script>\ntwo()\n</script>";
        assert_eq!(scripts(html).collect::<Vec<_>>(), ["one('<script>')", "\ntwo()\n"]);
        assert_eq!(policy(html).matches("'sha256-").count(), 2);
    }
}

//! The console for merchants and, at `/console/operator`, for the operator: static files compiled into the program,
//! which call only the public `/v1`.
//!
//! Every file has an entity tag of its content, so that browsers revalidate cheaply. A browser loads two files, which
//! the build bundles from all the others and minifies; see `bundle.rs`, and `build.rs` of this crate.

#[cfg(test)]
mod bundle;
mod files;
mod generated;
mod session;
#[cfg(test)]
mod tests;
mod text_table;
mod texts;

use std::sync::LazyLock;

use bytes::Bytes;
use domain::sha256;
use poem::{
    Endpoint, Request, Response, Result, Route, handler,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    web::Redirect,
};

pub(crate) use text_table::TextTable;

use self::{
    files::{CSS, FILES, HTML, SCRIPT, TABLE},
    generated::GeneratedFile,
};
use crate::{
    Problem,
    http::{cookie, hex::hex, language, methods::get},
};

/// The page runs only its own files, talks only to its own origin, and cannot be framed. The one thing it frames itself
/// is the invoice that was just picked, from memory.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-src blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Redirects the bare address to the console.
#[handler]
pub(crate) fn entrance() -> Redirect {
    Redirect::see_other("/console")
}

/// The console's files below `/console`, with the page at its root.
pub(crate) fn routes() -> Route {
    let session = get(session::who).post(session::sign_in).delete(session::sign_out);
    // One page for both; its script tells them apart by the address.
    let page = || get(StaticFile::generated(HTML, &generated::PAGE));
    let pages = Route::new().at("/session", session).at("/", page()).at("/operator", page());
    // The source modules, for anyone who wants to read them.
    let files = FILES.iter().filter(|(_, content_type, _)| *content_type != HTML);
    let files = files.fold(pages, |route, (path, content_type, content)| {
        route.at(format!("/{path}"), get(StaticFile::plain(content_type, *content)))
    });
    let styles = get(StaticFile::generated(CSS, &generated::STYLES));
    files.at("/strings.js", get(&*STRINGS)).at("/app.js", get(Strings::of_bundles())).at("/app.css", styles)
}

/// The cookie with the language chosen for the console, set by the console's script.
const CHOSEN_LANGUAGE: &str = "paylink_language";
/// The cookie with the language of the merchant who signed in last.
const MERCHANTS_LANGUAGE: &str = "paylink_merchant_language";

/// The console's texts, in the chosen language, else the merchant's, else the browser's preferred one.
struct Strings(Vec<(&'static str, StaticFile)>);

/// The modules of texts, built once per process since that reads fourteen tables.
static STRINGS: LazyLock<Strings> = LazyLock::new(Strings::new);

impl Strings {
    /// The modules of texts only.
    fn new() -> Self {
        Self(texts::languages().map(|it| (it, StaticFile::plain(SCRIPT, texts::module(it)))).collect())
    }

    /// The whole script in each language.
    fn of_bundles() -> Self {
        Self(
            generated::SCRIPTS
                .iter()
                .map(|(language, script)| (*language, StaticFile::generated(SCRIPT, script)))
                .collect(),
        )
    }
}

impl Endpoint for Strings {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let mut kept =
            [CHOSEN_LANGUAGE, MERCHANTS_LANGUAGE].into_iter().filter_map(|name| cookie::find(&request, name));
        let kept = kept.find_map(|kept| self.0.iter().find(|(language, _)| *language == kept)).map(|(_, it)| it);
        let liked = request.header(header::ACCEPT_LANGUAGE).unwrap_or_default();
        let chosen = kept.or_else(|| language::best(liked, &self.0)).ok_or_else(Problem::not_found)?;
        let mut response = chosen.call(request).await?;
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Language, Accept-Encoding"));
        Ok(response)
    }
}

struct StaticFile {
    content_type: &'static str,
    content: Content,
    tag: String,
}

enum Content {
    Plain(Bytes),
    Generated(&'static GeneratedFile),
}

impl StaticFile {
    /// A file as it is written.
    fn plain(content_type: &'static str, content: impl Into<String>) -> Self {
        let content = content.into();
        Self { content_type, tag: tag_of(content.as_bytes()), content: Content::Plain(content.into()) }
    }

    /// A file that the build generated.
    fn generated(content_type: &'static str, file: &'static GeneratedFile) -> Self {
        Self { content_type, tag: tag_of(file.gzip), content: Content::Generated(file) }
    }

    /// Whether the browser has this version.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == self.tag)
    }
}

fn tag_of(content: &[u8]) -> String {
    format!("\"{}\"", hex(&sha256(content)[..16]))
}

/// Whether the client accepts this encoding.
fn takes(headers: &HeaderMap, wanted: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|encoding| {
        let (name, quality) = encoding.split_once(';').unwrap_or((encoding, ""));
        let is_refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case(wanted) && !is_refused
    })
}

impl Endpoint for StaticFile {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let response = Response::builder()
            .header(header::ETAG, &self.tag)
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::VARY, "Accept-Encoding")
            .header(header::REFERRER_POLICY, "no-referrer");
        let headers = request.headers();
        if self.is_known(headers) {
            return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
        }
        let response = response.content_type(self.content_type);
        Ok(match &self.content {
            Content::Plain(content) => response.body(content.clone()),
            Content::Generated(file) if takes(headers, "br") => {
                response.header(header::CONTENT_ENCODING, "br").body(file.brotli)
            }
            Content::Generated(file) if takes(headers, "gzip") => {
                response.header(header::CONTENT_ENCODING, "gzip").body(file.gzip)
            }
            Content::Generated(file) => response.body(file.plain().map_err(Problem::internal)?),
        })
    }
}

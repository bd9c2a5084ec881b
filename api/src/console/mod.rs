//! The console for merchants and, at `/console/operator`, for the operator: static files compiled into the program, which call only the
//! public `/v1`.
//!
//! Every file has an entity tag of its content: a browser asks each time whether it has changed, and mostly it has not. A browser is
//! sent two, with all the others in them, put together and made small by the build; see `bundle.rs`, and `build.rs` of this crate.

#[cfg(test)]
mod bundle;
mod files;
mod made;
mod said;
mod session;
#[cfg(test)]
mod tests;
mod texts;

use std::sync::LazyLock;

use bytes::Bytes;
use domain::sha256;
use poem::{
    Endpoint, Request, Response, Result, Route, handler,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    web::Redirect,
};

pub(crate) use said::Said;

use self::{
    files::{CSS, FILES, HTML, SCRIPT, TABLE},
    made::Made,
};
use crate::{
    Problem,
    http::{cookie, hex::hex, language, methods::get},
};

/// A page that runs its own files, talks to its own origin, and is shown in nobody's frame. What it shows in a frame is the
/// invoice that was just picked, from memory.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-src blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Whoever opens the bare address is looking for the console. Nothing of a path is kept: there is none.
#[handler]
pub(crate) fn entrance() -> Redirect {
    Redirect::see_other("/console")
}

/// The console's files, below `/console`; the page itself at its root.
pub(crate) fn routes() -> Route {
    let session = get(session::who).post(session::sign_in).delete(session::sign_out);
    // One page for both: its script sees from the address whose it is.
    let page = || get(StaticFile::made(HTML, &made::PAGE));
    let pages = Route::new().at("/session", session).at("/", page()).at("/operator", page());
    // The modules as they are written, for whoever wants to read them.
    let files = FILES.iter().filter(|(_, content_type, _)| *content_type != HTML);
    let files = files.fold(pages, |route, (path, content_type, content)| {
        route.at(format!("/{path}"), get(StaticFile::plain(content_type, *content)))
    });
    let styles = get(StaticFile::made(CSS, &made::STYLES));
    files.at("/strings.js", get(&*STRINGS)).at("/app.js", get(Strings::of_bundles())).at("/app.css", styles)
}

/// The cookie in which a browser keeps the language that a person chose for the console. It is the console's script that sets it.
const CHOSEN_LANGUAGE: &str = "paylink_language";
/// The one in which it keeps the language of the merchant who signed in last.
const MERCHANTS_LANGUAGE: &str = "paylink_merchant_language";

/// What the console says, in the language that was chosen, or else the merchant's, or else the one that the browser likes best.
struct Strings(Vec<(&'static str, StaticFile)>);

/// The modules of the texts alone: put together once in a process, for fourteen tables are read for them.
static STRINGS: LazyLock<Strings> = LazyLock::new(Strings::new);

impl Strings {
    /// The module of the texts alone.
    fn new() -> Self {
        Self(texts::languages().map(|it| (it, StaticFile::plain(SCRIPT, texts::module(it)))).collect())
    }

    /// All that the console runs, in each language.
    fn of_bundles() -> Self {
        Self(made::SCRIPTS.iter().map(|(language, script)| (*language, StaticFile::made(SCRIPT, script))).collect())
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
    Made(&'static Made),
}

impl StaticFile {
    /// As it is written.
    fn plain(content_type: &'static str, content: impl Into<String>) -> Self {
        let content = content.into();
        Self { content_type, tag: tag_of(content.as_bytes()), content: Content::Plain(content.into()) }
    }

    /// As the build made it.
    fn made(content_type: &'static str, made: &'static Made) -> Self {
        Self { content_type, tag: tag_of(made.gzip), content: Content::Made(made) }
    }

    /// Whether the browser has this very content.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == self.tag)
    }
}

fn tag_of(content: &[u8]) -> String {
    format!("\"{}\"", hex(&sha256(content)[..16]))
}

/// Whether whoever asks takes what was made smaller in this way.
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
            Content::Made(made) if takes(headers, "br") => {
                response.header(header::CONTENT_ENCODING, "br").body(made.brotli)
            }
            Content::Made(made) if takes(headers, "gzip") => {
                response.header(header::CONTENT_ENCODING, "gzip").body(made.gzip)
            }
            Content::Made(made) => response.body(made.plain().map_err(Problem::internal)?),
        })
    }
}

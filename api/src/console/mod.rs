//! The console for merchants and, at `/console/operator`, for the operator: static files compiled into the program, which call only the
//! public `/v1`.
//!
//! Every file has an entity tag derived from its content, so a browser revalidates and usually gets 304. Browsers load two bundles; see
//! [`bundle`].

mod bundle;
mod session;
#[cfg(test)]
mod tests;
mod texts;

use bytes::Bytes;
use domain::sha256;
use poem::{
    Endpoint, Request, Response, Result, Route, handler,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    web::Redirect,
};

use crate::{
    Problem,
    http::{cookie, hex::hex, language, methods::get},
};

/// A page that runs its own files, talks to its own origin, and is shown in nobody's frame. What it shows in a frame is the
/// invoice that was just picked, from memory.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-src blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TABLE: &str = "application/json";

macro_rules! files {
    ($($path:literal: $kind:ident),* $(,)?) => {
        &[$(($path, $kind, include_str!(concat!("assets/", $path)))),*]
    };
}

/// Path below `/console`, content type, content.
const FILES: &[(&str, &str, &str)] = files! {
    "index.html": HTML,
    "icon.svg": SVG,
    "css/tokens.css": CSS,
    "css/base.css": CSS,
    "css/controls.css": CSS,
    "css/layout.css": CSS,
    "css/views.css": CSS,
    "css/settings.css": CSS,
    "css/operator.css": CSS,
    "main.js": SCRIPT,
    "strings/en.json": TABLE,
    "strings/es.json": TABLE,
    "strings/fr.json": TABLE,
    "strings/de.json": TABLE,
    "strings/pt.json": TABLE,
    "strings/zh.json": TABLE,
    "strings/ar.json": TABLE,
    "lib/api.js": SCRIPT,
    "lib/card.js": SCRIPT,
    "lib/clipboard.js": SCRIPT,
    "lib/decimal.js": SCRIPT,
    "lib/dialog.js": SCRIPT,
    "lib/dom.js": SCRIPT,
    "lib/drafts.js": SCRIPT,
    "lib/events.js": SCRIPT,
    "lib/form.js": SCRIPT,
    "lib/format.js": SCRIPT,
    "lib/icons.js": SCRIPT,
    "lib/idempotency.js": SCRIPT,
    "lib/language.js": SCRIPT,
    "lib/live.js": SCRIPT,
    "lib/notify.js": SCRIPT,
    "lib/pager.js": SCRIPT,
    "lib/pdf.js": SCRIPT,
    "lib/people.js": SCRIPT,
    "lib/router.js": SCRIPT,
    "lib/scope.js": SCRIPT,
    "lib/texts.js": SCRIPT,
    "lib/ways.js": SCRIPT,
    "views/balance.js": SCRIPT,
    "views/order-notices.js": SCRIPT,
    "views/unread.js": SCRIPT,
    "views/batch.js": SCRIPT,
    "views/batches.js": SCRIPT,
    "views/brand.js": SCRIPT,
    "views/confirm.js": SCRIPT,
    "views/conversations.js": SCRIPT,
    "views/credits.js": SCRIPT,
    "views/credits-buy.js": SCRIPT,
    "views/frame.js": SCRIPT,
    "views/home.js": SCRIPT,
    "views/language.js": SCRIPT,
    "views/link-card.js": SCRIPT,
    "views/link-create.js": SCRIPT,
    "views/link-paid.js": SCRIPT,
    "views/link-qr.js": SCRIPT,
    "views/link-send.js": SCRIPT,
    "views/link-void.js": SCRIPT,
    "views/links.js": SCRIPT,
    "views/links-many.js": SCRIPT,
    "views/logo.js": SCRIPT,
    "views/message-state.js": SCRIPT,
    "views/money-back.js": SCRIPT,
    "views/operator-job.js": SCRIPT,
    "views/operator-jobs.js": SCRIPT,
    "views/operator-merchant.js": SCRIPT,
    "views/operator-merchants.js": SCRIPT,
    "views/operator-pause.js": SCRIPT,
    "views/operator-queues.js": SCRIPT,
    "views/operator-texts.js": SCRIPT,
    "views/operator.js": SCRIPT,
    "views/order-data.js": SCRIPT,
    "views/order-new.js": SCRIPT,
    "views/order.js": SCRIPT,
    "views/orders.js": SCRIPT,
    "views/page.js": SCRIPT,
    "views/pdf-picker.js": SCRIPT,
    "views/set-up.js": SCRIPT,
    "views/setting.js": SCRIPT,
    "views/settings-activity.js": SCRIPT,
    "views/settings-keys.js": SCRIPT,
    "views/settings-opt-outs.js": SCRIPT,
    "views/settings-profile.js": SCRIPT,
    "views/settings-reminders.js": SCRIPT,
    "views/settings-sms.js": SCRIPT,
    "views/settings-stripe.js": SCRIPT,
    "views/settings-template.js": SCRIPT,
    "views/settings-webhooks.js": SCRIPT,
    "views/settings.js": SCRIPT,
    "views/shell.js": SCRIPT,
    "views/signin.js": SCRIPT,
    "views/sms-gateway.js": SCRIPT,
    "views/stripe-webhooks.js": SCRIPT,
    "views/template-fields.js": SCRIPT,
    "views/thread.js": SCRIPT,
};

/// Whoever opens the bare address is looking for the console. Nothing of a path is kept: there is none.
#[handler]
pub(crate) fn entrance() -> Redirect {
    Redirect::see_other("/console")
}

/// The console's files, below `/console`; the page itself at its root.
pub(crate) fn routes() -> Route {
    let session = get(session::who).post(session::sign_in).delete(session::sign_out);
    let files = FILES.iter().fold(Route::new().at("/session", session), |route, (path, content_type, content)| {
        let file = || get(StaticFile::new(content_type, *content));
        match *path {
            // One page for both: its script sees from the address whose it is.
            "index.html" => route.at("/", file()).at("/operator", file()),
            path => route.at(format!("/{path}"), file()),
        }
    });
    let styles = StaticFile::new(CSS, bundle::styles());
    files.at("/strings.js", get(Strings::new())).at("/app.js", get(Strings::of_bundles())).at("/app.css", get(styles))
}

/// The cookie in which a browser keeps the language that a person chose for the console. It is the console's script that sets it.
const CHOSEN_LANGUAGE: &str = "paylink_language";
/// The one in which it keeps the language of the merchant who signed in last.
const MERCHANTS_LANGUAGE: &str = "paylink_merchant_language";

/// What the console says, in the language that was chosen, or else the merchant's, or else the one that the browser likes best.
struct Strings(Vec<(&'static str, StaticFile)>);

impl Strings {
    /// The module of the texts alone.
    fn new() -> Self {
        Self::made_by(texts::module)
    }

    /// All that the console runs, in each language.
    fn of_bundles() -> Self {
        Self::made_by(bundle::script)
    }

    fn made_by(script: impl Fn(&str) -> String) -> Self {
        Self(texts::languages().map(|language| (language, StaticFile::new(SCRIPT, script(language)))).collect())
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
    content: Bytes,
    /// The same, made smaller.
    gzip: Bytes,
    tag: String,
}

impl StaticFile {
    fn new(content_type: &'static str, content: impl Into<String>) -> Self {
        let content = content.into();
        let tag = format!("\"{}\"", hex(&sha256(content.as_bytes())[..16]));
        Self { content_type, gzip: bundle::gzip(content.as_bytes()).into(), content: content.into(), tag }
    }

    /// Whether the browser has this very content.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == self.tag)
    }
}

/// Whether whoever asks takes what was made smaller.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|encoding| {
        let (name, quality) = encoding.split_once(';').unwrap_or((encoding, ""));
        let is_refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
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
        Ok(if self.is_known(request.headers()) {
            response.status(StatusCode::NOT_MODIFIED).finish()
        } else if takes_gzip(request.headers()) {
            let response = response.content_type(self.content_type).header(header::CONTENT_ENCODING, "gzip");
            response.body(self.gzip.clone())
        } else {
            response.content_type(self.content_type).body(self.content.clone())
        })
    }
}

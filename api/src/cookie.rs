//! The cookie that holds a console session's token.
//!
//! Behind TLS it is called `__Host-…`: browsers then take it from this very host only, over TLS only, for all of its paths.

use cookie::{Cookie, SameSite, time::Duration};
use entity::{Secret, session};
use poem::{Request, http::header};

use crate::Api;

/// The cookie's name where there is no TLS.
pub(crate) const NAME: &str = "paylink_session";
/// The cookie's name behind TLS.
const HOST_NAME: &str = "__Host-paylink_session";

/// The session token that a request carries.
pub(crate) fn read(request: &Request) -> Option<String> {
    let sent = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| [NAME, HOST_NAME].contains(&cookie.name())).map(|cookie| cookie.value().to_owned())
}

/// The header's value that gives a browser its token.
pub(crate) fn give(api: &Api, token: &Secret) -> String {
    let lifetime = Duration::seconds(session::LONGEST.num_seconds());
    build(api, token.expose(), lifetime)
}

/// The header's value that takes it away.
pub(crate) fn take_away(api: &Api) -> String {
    build(api, "", Duration::ZERO)
}

fn build(api: &Api, value: &str, lifetime: Duration) -> String {
    let secure = api.is_behind_tls();
    Cookie::build((if secure { HOST_NAME } else { NAME }, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(lifetime)
        .build()
        .to_string()
}

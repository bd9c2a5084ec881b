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
    build(api.is_behind_tls(), token.expose(), lifetime)
}

/// The header's value that takes it away.
pub(crate) fn take_away(api: &Api) -> String {
    build(api.is_behind_tls(), "", Duration::ZERO)
}

fn build(secure: bool, value: &str, lifetime: Duration) -> String {
    Cookie::build((if secure { HOST_NAME } else { NAME }, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(lifetime)
        .build()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_tls_the_cookie_is_for_this_host_and_tls_only() {
        let cookie = build(true, "token", Duration::seconds(60));
        assert!(cookie.starts_with("__Host-paylink_session=token;"), "{cookie}");
        for wanted in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=60"] {
            assert!(cookie.contains(wanted), "{cookie}");
        }
        assert!(!cookie.contains("Domain"));
        assert!(!build(false, "token", Duration::seconds(60)).contains("Secure"));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let request = Request::builder().header(header::COOKIE, "a=b; paylink_session=token; c=d").finish();
        assert_eq!(read(&request).as_deref(), Some("token"));
        assert_eq!(read(&Request::builder().header(header::COOKIE, "not_paylink_session=x").finish()), None);
    }
}

//! The cookie that holds a console session's token.
//!
//! Behind TLS it is called `__Host-…`, so browsers accept it only from this host, over TLS and for the whole site. The
//! unprefixed name, which a sibling host or an attacker on the network could set, is then ignored.

use cookie::{Cookie, SameSite, time::Duration};
use domain::Secret;
use entity::session;
use poem::{Request, http::header};

use crate::Api;

/// The cookie's name without TLS.
pub(crate) const NAME: &str = "paylink_session";
/// The cookie's name behind TLS.
const HOST_NAME: &str = "__Host-paylink_session";

/// The cookie's name.
const fn name(secure: bool) -> &'static str {
    if secure { HOST_NAME } else { NAME }
}

/// The session token of a request.
pub(crate) fn read(request: &Request, api: &Api) -> Option<String> {
    find(request, name(api.is_behind_tls()))
}

/// The value of the first cookie with this name.
pub(crate) fn find(request: &Request, name: &str) -> Option<String> {
    let sent = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

/// The header value that sets the cookie.
pub(crate) fn give(api: &Api, token: &Secret) -> String {
    let lifetime = Duration::seconds(session::LONGEST.num_seconds());
    build(api.is_behind_tls(), token.expose(), lifetime)
}

/// The header value that removes the cookie.
pub(crate) fn take_away(api: &Api) -> String {
    build(api.is_behind_tls(), "", Duration::ZERO)
}

fn build(secure: bool, value: &str, lifetime: Duration) -> String {
    Cookie::build((name(secure), value))
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
    fn a_cookie_is_found_among_others_by_the_one_name_that_it_has() {
        let sends = |cookies: &str| Request::builder().header(header::COOKIE, cookies).finish();
        let both = sends("a=b; paylink_session=plain; __Host-paylink_session=host; c=d");
        assert_eq!(find(&both, name(true)).as_deref(), Some("host"));
        assert_eq!(find(&both, name(false)).as_deref(), Some("plain"));
        assert_eq!(find(&sends("paylink_session=plain"), name(true)), None);
        assert_eq!(find(&sends("__Host-paylink_session=host"), name(false)), None);
        assert_eq!(find(&sends("not_paylink_session=x"), name(false)), None);
    }
}

//! Protection against cross-site request forgery. A browser sends our cookie with every request, whichever page makes
//! it, so a request that is authenticated by cookie and changes something must prove that it comes from one of our
//! pages:
//!
//! - it has a header that forms cannot send, and that scripts of other origins cannot send without a preflight;
//! - where the browser reports the origin (`Sec-Fetch-Site`, `Origin`), it is ours.

use poem::{
    Request,
    http::{HeaderMap, StatusCode, header},
};

use crate::{Api, Problem};

/// The header that our own pages send.
const MARK: &str = "X-Paylink-Console";

/// Accepts requests that change nothing, and those of our own pages.
pub(crate) fn check(request: &Request, api: &Api) -> Result<(), Problem> {
    if request.method().is_safe() || is_ours(request.headers(), &api.public_url) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        format!("A session is only for the console's own page, which sends the header {MARK}."),
    ))
}

fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site_is_ours = text("Sec-Fetch-Site").is_none_or(|site| site == "same-origin");
    let origin_is_ours = text(header::ORIGIN.as_str()).is_none_or(|origin| {
        // A proxy may have changed the host, or the user may use another name than the public one.
        origin == public_url || text(header::HOST.as_str()).is_some_and(|host| authority(origin) == Some(host))
    });
    headers.contains_key(MARK) && site_is_ours && origin_is_ours
}

fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    fn sent(headers: &[(&str, &str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect();
        is_ours(&headers, "https://pay.example.com")
    }

    #[test]
    fn our_own_page_is_known_by_its_mark_and_its_origin() {
        assert!(sent(&[(MARK, "1")]));
        assert!(sent(&[(MARK, "1"), ("Origin", "https://pay.example.com"), ("Sec-Fetch-Site", "same-origin")]));
        assert!(sent(&[(MARK, "1"), ("Origin", "http://localhost:8080"), ("Host", "localhost:8080")]));
    }

    #[test]
    fn a_strangers_page_is_not_ours_even_with_the_mark() {
        assert!(!sent(&[]));
        assert!(!sent(&[("Origin", "https://pay.example.com")]));
        assert!(!sent(&[(MARK, "1"), ("Origin", "https://evil.example"), ("Host", "pay.example.com")]));
        assert!(!sent(&[(MARK, "1"), ("Origin", "null"), ("Host", "pay.example.com")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!sent(&[(MARK, "1"), ("Sec-Fetch-Site", site)]));
        }
    }
}

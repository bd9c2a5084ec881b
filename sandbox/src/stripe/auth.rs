//! The account and mode that a request authenticates for.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    exchange::IncomingRequest,
    model::{scope::StripeScope, state::Config},
};

use super::errors::StripeError;

/// The scope that the request's key opens.
pub(crate) fn authenticate(config: &Config, incoming: &IncomingRequest) -> Result<StripeScope, StripeError> {
    let secret = incoming.authorization.as_deref().and_then(secret).ok_or_else(StripeError::no_key)?;
    let key = config.stripe_keys.iter().find(|key| key.secret == secret);
    key.map(StripeScope::from).ok_or_else(|| StripeError::unknown_key(&secret))
}

/// The key of `Bearer <key>`, or of `Basic` with the key as the user's name.
fn secret(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(rest.trim()).ok()?;
    let pair = String::from_utf8(decoded).ok()?;
    pair.split_once(':').map(|(user, _)| user.to_owned())
}

/// Every request must say which version of the API it was written for. (Stripe falls back to the account's version;
/// the sandbox is stricter, because a client that leaves it out breaks when the account is upgraded.)
pub(crate) fn check_version(incoming: &IncomingRequest) -> Result<(), StripeError> {
    match incoming.header("stripe-version") {
        Some(version) if is_version(version) => Ok(()),
        Some(version) => Err(StripeError::invalid(format!("Invalid Stripe API version: {version}"))),
        None => Err(StripeError::invalid("Missing header: Stripe-Version")),
    }
}

/// A date, and since 2024 a release's name: `2026-10-28.endive`.
fn is_version(version: &str) -> bool {
    let (date, name) = version.split_once('.').unwrap_or((version, "x"));
    let is_date = chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok() && date.len() == "2026-10-28".len();
    is_date && !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_from_bearer_and_from_basic() {
        assert_eq!(secret("Bearer sk_test_1").as_deref(), Some("sk_test_1"));
        assert_eq!(secret("Basic c2tfdGVzdF8xOg==").as_deref(), Some("sk_test_1"));
        assert_eq!(secret("Digest sk_test_1"), None);
    }

    #[test]
    fn a_version_is_a_date_and_perhaps_a_name() {
        assert!(is_version("2026-10-28.endive"));
        assert!(is_version("2023-08-16"));
        for wrong in ["endive", "2026-13-28.endive", "2026-10-28.", "2026-10-28.Endive", "2026-1-2"] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }
}

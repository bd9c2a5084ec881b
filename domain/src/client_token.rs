//! Client tokens for browsers: short-lived, and bound to an order, to the permitted actions, and to the origin of the
//! page.
//!
//! A token carries all of this, signed with a key derived from the installation's root, so a forged one is refused
//! without a database query. It acts for the API key that requested it: an action the key loses is lost to the token,
//! too.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{ApiKeyId, MerchantId, OrderId};

/// Prefix of every token.
pub(crate) const PREFIX: &str = "ct_";

words! {
    /// An action permitted on the order.
    pub enum Right {
        /// Read the order and its links.
        Read = "read",
        /// Create a payment link.
        CreateLink = "create_link",
        /// Send a link by SMS.
        Send = "send",
        /// Void a link.
        Void = "void",
    }
}

/// The contents of a token. Pages read them, too, to decide which buttons to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    /// The merchant whose order it is.
    pub merchant: MerchantId,
    /// The API key that requested the token.
    pub key: ApiKeyId,
    /// The order.
    pub order: OrderId,
    /// The permitted actions.
    pub may: Vec<Right>,
    /// The origin of the pages that may use it, as browsers write it.
    pub origin: String,
    /// When it expires.
    #[serde(with = "chrono::serde::ts_seconds")]
    pub expires: DateTime<Utc>,
}

impl ClientToken {
    /// Whether the text looks like a client token, valid or not.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }
}

/// Normalizes an origin to the form that browsers send: scheme, host, and the port unless it is the default. Returns
/// `None` if the text is not an origin.
#[must_use]
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_nobodys = url.username().is_empty() && url.password().is_none();
    (is_bare && is_nobodys).then(|| url.origin().ascii_serialization())
}

/// Whether the origin is on the local machine and therefore needs no TLS.
#[must_use]
pub fn is_local(origin: &str) -> bool {
    Url::parse(origin).is_ok_and(|url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::Vault;

    fn token() -> ClientToken {
        let now = Utc::now();
        ClientToken {
            merchant: MerchantId::new(now),
            key: ApiKeyId::new(now),
            order: OrderId::new(now),
            may: vec![Right::Read, Right::CreateLink],
            origin: "https://shop.example".to_owned(),
            expires: DateTime::from_timestamp((now + TimeDelta::minutes(10)).timestamp(), 0).unwrap(),
        }
    }

    #[test]
    fn a_token_says_what_was_signed_and_nothing_else() {
        let vault = Vault::new(&Vault::generate_key().unwrap()).unwrap();
        let (token, other) = (token(), ClientToken { may: vec![Right::Void], ..token() });
        let text = vault.sign_client_token(&token).unwrap();
        assert_eq!(vault.read_client_token(text.expose()), Some(token.clone()));
        let (said, signature) = text.expose().rsplit_once('.').unwrap();
        let others = vault.sign_client_token(&other).unwrap();
        let (others_said, _) = others.expose().rsplit_once('.').unwrap();
        for wrong in [
            format!("{others_said}.{signature}"),
            format!("{said}."),
            said.to_owned(),
            format!("{}x", text.expose()),
            text.expose().trim_start_matches(PREFIX).to_owned(),
            String::new(),
        ] {
            assert_eq!(vault.read_client_token(&wrong), None, "{wrong}");
        }
        let elsewhere = Vault::new(&Vault::generate_key().unwrap()).unwrap();
        assert_eq!(elsewhere.read_client_token(text.expose()), None);
    }

    #[test]
    fn what_begins_as_a_token_looks_like_one_whether_it_is_valid_or_not() {
        assert!(ClientToken::is_one("ct_anything") && ClientToken::is_one(PREFIX));
        assert!(!ClientToken::is_one("pk_anything") && !ClientToken::is_one("") && !ClientToken::is_one(" ct_"));
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("https://Shop.Example", "https://shop.example"),
            ("https://shop.example:443/", "https://shop.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(written));
        }
        for wrong in [
            "shop.example",
            "https://shop.example/a",
            "https://a@shop.example",
            "https://:b@shop.example",
            "https://a#b",
            "ftp://a",
            "null",
            "https://a?b",
            "*",
        ] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
        let local = ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "http://shop.localhost:3000"];
        assert!(local.into_iter().all(is_local));
        let elsewhere = ["http://shop.example", "http://localhost.example", "http://10.0.0.1", "http://[2001:db8::1]"];
        assert!(!elsewhere.into_iter().any(is_local) && !is_local("null") && !is_local("file:///etc"));
    }
}

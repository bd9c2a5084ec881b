//! Keeps URLs that merchants enter from reaching the operator's own network (SSRF): host names are resolved here, only
//! public addresses pass, and the client connects to exactly the addresses that were checked.

use std::{error::Error as StdError, io, net::SocketAddr, sync::Arc};

use domain::{
    error_chain,
    gateway::{is_inside, is_public},
};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use super::http;

/// The host is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway is not at a public address")]
pub(crate) struct NotPublic;

/// A client for URLs that merchants enter. It follows no redirects and uses no proxy, which would resolve names itself.
pub(crate) fn client() -> reqwest::Result<Client> {
    http::builder().no_proxy().https_only(true).dns_resolver(Arc::new(PublicOnly)).build()
}

/// Refuses a URL whose host is a non-public address literal, which the client would not resolve. It was already checked
/// on input, unless the operator allowed such addresses then.
pub(crate) fn check_literal(url: &Url) -> Result<(), NotPublic> {
    if is_inside(url) { Err(NotPublic) } else { Ok(()) }
}

/// Whether an error was caused by a non-public address.
pub(crate) fn is_not_public(error: &reqwest::Error) -> bool {
    error_chain(error).any(|error| {
        // `io::Error` does not expose the error it wraps as its source.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error.is::<NotPublic>() || carried.is_some_and(<dyn StdError + Send + Sync>::is::<NotPublic>)
    })
}

/// Resolves names through the system, and accepts only public addresses.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // A single private address is enough to refuse: a host that mixes both is suspicious.
            if found.is_empty() || !found.iter().all(|address| is_public(address.ip())) {
                return Err(Box::new(NotPublic) as Box<dyn StdError + Send + Sync>);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_resolves_to_the_inside_is_not_connected_to() {
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.err().unwrap().is::<NotPublic>());
    }

    #[tokio::test]
    async fn the_client_never_reaches_a_listener_on_the_inside() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inside.local_addr().unwrap().port();
        let error = client().unwrap().get(format!("https://localhost:{port}/")).send().await.unwrap_err();
        assert!(is_not_public(&error), "{error:?}");
        let reached = tokio::time::timeout(std::time::Duration::from_millis(200), inside.accept()).await;
        assert!(reached.is_err(), "it was reached");
    }
}

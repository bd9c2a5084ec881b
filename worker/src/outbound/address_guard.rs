//! Keeps URLs that merchants describe from reaching the operator's own network (SSRF): names are resolved here, only public addresses pass,
//! and the client connects to exactly the addresses that were checked.

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

/// A name, or an address, that is not for merchants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway is not at a public address")]
pub(crate) struct NotPublic;

/// A client for URLs that merchants describe. It follows no redirects and asks no proxy, which would resolve names by itself.
pub(crate) fn client() -> reqwest::Result<Client> {
    http::builder().no_proxy().https_only(true).dns_resolver(Arc::new(PublicOnly)).build()
}

/// Refuses a URL whose host is an address that is not public: such a host is never resolved. It was refused when it was
/// described, too, unless the operator allowed it then.
pub(crate) fn check_literal(url: &Url) -> Result<(), NotPublic> {
    if is_inside(url) { Err(NotPublic) } else { Ok(()) }
}

/// Whether an error is, at its bottom, that an address is not public.
pub(crate) fn is_not_public(error: &reqwest::Error) -> bool {
    error_chain(error).any(|error| {
        // An I/O error has what it carries beside its source.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error.is::<NotPublic>() || carried.is_some_and(<dyn StdError + Send + Sync>::is::<NotPublic>)
    })
}

/// Resolves names as the system does, to public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One address inside is one too many: whoever mixes them is after something.
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

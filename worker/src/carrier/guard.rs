//! A described URL must not become a way into the operator's network: names are resolved here, only public addresses are given
//! out, and the client connects to what it is given.

use std::{
    error::Error as StdError,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::http;

/// A name, or an address, that is not for merchants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway is not at a public address")]
pub(crate) struct NotPublic;

/// A client for URLs that merchants describe. It follows no redirects and asks no proxy, which would resolve names by itself.
pub(super) fn client() -> reqwest::Result<Client> {
    http::builder().no_proxy().https_only(true).dns_resolver(Arc::new(PublicOnly)).build()
}

/// Refuses a URL whose host is an address that is not public: such a host is never resolved.
pub(super) fn check_literal(url: &Url) -> Result<(), NotPublic> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) if !is_public(address) => Err(NotPublic),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether an error is, at its bottom, that an address is not public.
pub(super) fn is_not_public(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<NotPublic>() {
            return true;
        }
        // An I/O error has what it carries beside its source.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if carried.is_some_and(|carried| carried.is::<NotPublic>()) {
            return true;
        }
        source = error.source();
    }
    false
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

/// Whether an address is somebody's on the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// What IANA's registry of special-purpose addresses has as globally reachable; no multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,
        // Carrier-grade NAT.
        (100, 64..=127, _) => true,
        (169, 254, _) | (192, 168, _) => true,
        (172, 16..=31, _) => true,
        // Protocol assignments, documentation, the old relays to IPv6.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        // Benchmarking.
        (198, 18 | 19, _) => true,
        // Multicast, reserved, broadcast.
        (224.., _, _) => true,
        (_, _, _) => false,
    };
    !special
}

/// Global unicast (2000::/3), without what tunnels to IPv4, is for documentation or for protocols. IPv4 addresses written as
/// IPv6, unique local, link-local and multicast ones are outside of it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special = match (first, second) {
        // 2001::/23: Teredo, benchmarking, ORCHID and other protocols. 2001:db8::/32: documentation.
        (0x2001, 0..=0x1ff | 0xdb8) => true,
        // 6to4 carries an IPv4 address.
        (0x2002, _) => true,
        // 3fff::/20: documentation.
        (0x3fff, 0..=0x0fff) => true,
        (_, _) => false,
    };
    (0x2000..=0x3fff).contains(&first) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in ["1.1.1.1", "8.8.8.8", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for public in ["2606:4700::1111", "2a00:1450::1", "2001:200::1", "2001:4860::8888"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.9.10",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_looked_at_however_it_is_written() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://10.0.0.1:8443/x",
        ] {
            assert_eq!(check_literal(&url.parse().unwrap()), Err(NotPublic), "{url}");
        }
        assert_eq!(check_literal(&"https://gateway.example/".parse().unwrap()), Ok(()));
        assert_eq!(check_literal(&"https://1.1.1.1/".parse().unwrap()), Ok(()));
    }

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

//! The client address of a request. Forwarding headers are trusted only from proxies named in the settings.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Once,
};

use ipnet::IpNet;
use poem::{
    Request,
    http::{HeaderMap, header::FORWARDED},
};

/// The header to which each proxy appends its client's address; the last entry is the nearest proxy's.
const X_FORWARDED_FOR: &str = "X-Forwarded-For";

/// The client's address: the last one in the chain that is not a trusted proxy.
pub(crate) fn of(request: &Request, trusted: &[IpNet]) -> IpAddr {
    told(peer(request), request.headers(), trusted)
}

/// Whether the request came through an untrusted proxy; this is logged once.
pub(crate) fn is_by_untrusted_proxy(request: &Request, trusted: &[IpNet]) -> bool {
    let (peer, headers) = (peer(request), request.headers());
    let says_for_whom = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
    let is_untrusted = says_for_whom && !trusted.iter().any(|net| net.contains(&peer));
    if is_untrusted {
        tell_once(peer);
    }
    is_untrusted
}

fn peer(request: &Request) -> IpAddr {
    let peer = request.remote_addr().as_socket_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), SocketAddr::ip);
    peer.to_canonical()
}

/// The client's address, given the peer's address and the headers.
fn told(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let (x_forwarded, forwarded) = (headers.contains_key(X_FORWARDED_FOR), headers.contains_key(FORWARDED));
    if !x_forwarded && !forwarded {
        return peer;
    }
    if !is_trusted(peer) {
        tell_once(peer);
        return peer;
    }
    let by_x_forwarded = x_forwarded.then(|| last_untrusted(peer, &x_forwarded_for(headers), is_trusted));
    let by_forwarded = forwarded.then(|| last_untrusted(peer, &forwarded_for(headers), is_trusted));
    match (by_x_forwarded, by_forwarded) {
        // A proxy writes one header and passes the other on, so if they differ, one is forged.
        (Some(one), Some(other)) if one != other => {
            tell_once_that_they_differ(peer);
            peer
        }
        (Some(address), _) | (None, Some(address)) => address,
        (None, None) => peer,
    }
}

fn last_untrusted(peer: IpAddr, chain: &[Option<IpAddr>], is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut address = peer;
    for before in chain.iter().rev() {
        // A trusted proxy never writes an unreadable entry.
        let Some(before) = before.filter(|_| is_trusted(address)) else { break };
        address = before;
    }
    address
}

/// Logs once that a proxy is not trusted: behind it all clients share one address.
fn tell_once(peer: IpAddr) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            "{peer} says for whom it asks (X-Forwarded-For or Forwarded), and is not believed: it is no trusted proxy. If it \
             is a proxy of yours, set trusted_proxies = [\"{peer}\"] or PAYLINK_TRUSTED_PROXIES={peer}; until then limits by \
             address count all who come through it as one."
        );
    });
}

/// Logs once that a proxy passes on forged headers: such clients count as the proxy itself.
fn tell_once_that_they_differ(peer: IpAddr) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            "{peer}, which is a trusted proxy, hands on X-Forwarded-For and Forwarded that differ: one of them is what a stranger \
             said. Neither is believed, and who sends both is counted as {peer}. Let the proxy remove the one that it does not write."
        );
    });
}

/// The chain of `X-Forwarded-For`; an unreadable entry is `None`.
fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    lines(headers, X_FORWARDED_FOR).flat_map(|line| line.split(',')).map(node).collect()
}

/// The chain of `Forwarded` (RFC 7239); an entry without `for` is `None`.
fn forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let entry = |entry: &str| {
        let pairs = outside_quotes(entry, ';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        named.next().and_then(|(_, value)| node(value))
    };
    lines(headers, FORWARDED.as_str())
        .flat_map(|line| outside_quotes(line, ',').map(entry).collect::<Vec<_>>())
        .collect()
}

/// The values of a repeatable header; a value that is not text is empty.
fn lines<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default())
}

/// Splits a text at separators outside quotes.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |character| {
        is_quoted ^= character == '"';
        character == separator && !is_quoted
    })
}

/// Parses an address as proxies write it: with or without a port, brackets or quotes.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))?;
    Some(address.to_canonical())
}

/// The unit of rate limits: an IPv4 address, or an IPv6 /64, which one household has.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    const X: &str = "x-forwarded-for";
    const F: &str = "forwarded";

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        told(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_say_where_it_comes_from() {
        assert_eq!(seen("203.0.113.7", &[(X, "198.51.100.1")]), "203.0.113.7");
        assert_eq!(seen("203.0.113.7", &[(F, "for=198.51.100.1")]), "203.0.113.7");
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_so_are_those_behind_it() {
        assert_eq!(seen("10.0.0.1", &[(X, "198.51.100.1")]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &[(X, "198.51.100.1, 10.0.0.2")]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &[(X, "192.0.2.66,198.51.100.1"), (X, "10.0.0.2")]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[(X, "198.51.100.1, nonsense")]), "10.0.0.1");
    }

    #[test]
    fn every_form_in_which_proxies_write_an_address_is_read() {
        for (told, read) in [
            ("198.51.100.1:4711", "198.51.100.1"),
            ("2001:db8::17", "2001:db8::17"),
            ("[2001:db8::17]", "2001:db8::17"),
            ("[2001:db8::17]:4711", "2001:db8::17"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &[(X, told)]), read);
            assert_eq!(seen("10.0.0.1", &[(F, &format!("for=\"{told}\";proto=https"))]), read);
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        assert_eq!(seen("10.0.0.1", &[(F, "For=192.0.2.43, by=10.0.0.9;FOR=198.51.100.17")]), "198.51.100.17");
        assert_eq!(
            seen("10.0.0.1", &[(F, "for=192.0.2.43"), (F, "for=10.0.0.2;host=\"a,b;for=1.2.3.4\"")]),
            "192.0.2.43"
        );
        for hidden in ["for=unknown", "for=_secret", "proto=https", "", "for="] {
            assert_eq!(seen("10.0.0.1", &[(F, &format!("for=192.0.2.43, {hidden}"))]), "10.0.0.1", "{hidden}");
        }
    }

    #[test]
    fn of_two_headers_that_differ_neither_is_believed() {
        assert_eq!(seen("10.0.0.1", &[(X, "192.0.2.43"), (F, "for=192.0.2.43")]), "192.0.2.43");
        assert_eq!(seen("10.0.0.1", &[(X, "192.0.2.43"), (F, "for=198.51.100.1")]), "10.0.0.1");
    }

    #[test]
    fn a_household_is_one() {
        let count = |address: &str| household(address.parse().unwrap()).to_string();
        assert_eq!(count("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(count("203.0.113.7"), "203.0.113.7");
    }
}

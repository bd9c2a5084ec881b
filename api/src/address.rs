//! From which address a request comes. A proxy's word for it is taken only if the settings name the proxy.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use poem::Request;

/// Where a proxy writes from where it was asked; the last entry is its own.
const FORWARDED_FOR: &str = "X-Forwarded-For";

/// The address of whoever asks: the last one in the chain that is not a trusted proxy's.
pub(crate) fn of(request: &Request, trusted: &[IpNet]) -> IpAddr {
    let peer =
        request.remote_addr().as_socket_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), std::net::SocketAddr::ip);
    let told = request.headers().get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let chain: Vec<&str> = told.flat_map(|value| value.split(',')).map(str::trim).collect();
    last_untrusted(peer.to_canonical(), &chain, trusted)
}

fn last_untrusted(peer: IpAddr, chain: &[&str], trusted: &[IpNet]) -> IpAddr {
    let mut address = peer;
    for told in chain.iter().rev() {
        if !trusted.iter().any(|net| net.contains(&address)) {
            break;
        }
        // What cannot be read was not written by a proxy that is worth the trust.
        let Ok(before) = told.parse::<IpAddr>() else { break };
        address = before.to_canonical();
    }
    address
}

/// What is counted together: an IPv4 address; of IPv6 the /64, of which one household has all addresses.
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
    use super::*;

    fn seen(peer: &str, chain: &[&str]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        last_untrusted(peer.parse().unwrap(), chain, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_say_where_it_comes_from() {
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_so_are_those_behind_it() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["192.0.2.66", "198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1", "nonsense"]), "10.0.0.1");
    }

    #[test]
    fn a_household_is_one() {
        let count = |address: &str| household(address.parse().unwrap()).to_string();
        assert_eq!(count("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(count("203.0.113.7"), "203.0.113.7");
    }
}

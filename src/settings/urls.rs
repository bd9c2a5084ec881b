//! What URLs in settings may be.

use url::{Host, Url};

/// Checks that links can be formed by appending a path.
pub(super) fn check_public_url(url: &str) -> Result<(), &'static str> {
    let (Ok(read), true) = (Url::parse(url), url.starts_with("http://") || url.starts_with("https://")) else {
        return Err("must begin with http:// or https:// and name a host");
    };
    if !read.username().is_empty() || read.password().is_some() {
        return Err("must have no user and no password: everybody is sent it");
    }
    if url.contains(['?', '#']) {
        return Err("must have no query and no fragment: paths are added to it");
    }
    if url.contains(char::is_whitespace) || !read.has_host() {
        return Err("must name a host, and have no spaces");
    }
    Ok(())
}

/// Whether traffic to this address is safe from eavesdropping, because it uses TLS or stays on this machine.
pub(super) fn is_kept_secret(url: &str) -> bool {
    let Ok(read) = Url::parse(url) else { return false };
    read.scheme() == "https" || (read.scheme() == "http" && is_on_this_machine(url))
}

/// Whether a URL points to this machine.
pub(crate) fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

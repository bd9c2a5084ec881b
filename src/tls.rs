//! The one TLS provider: reqwest and the object store use whatever is installed here.

use rustls::crypto::{CryptoProvider, ring};

/// Sets it up for this process, unless somebody else has.
pub(crate) fn set_up() {
    if CryptoProvider::get_default().is_none() {
        // Two at once want the same one.
        let _ = ring::default_provider().install_default();
    }
}

//! The TLS provider, chosen in one place: reqwest and the document store use what is installed here.

use rustls::crypto::{CryptoProvider, ring};

/// Installs it for this process, unless one is installed already.
pub(crate) fn set_up() {
    if CryptoProvider::get_default().is_none() {
        // A concurrent call installs the same one.
        let _ = ring::default_provider().install_default();
    }
}

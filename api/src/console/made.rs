//! What the build has made of the console's files: see `build.rs` of this crate.

use std::io::{self, Read};

use flate2::read::GzDecoder;

/// A file in the ways in which it is sent.
pub(super) struct Made {
    pub(super) gzip: &'static [u8],
    pub(super) brotli: &'static [u8],
}

impl Made {
    /// As it was, for whoever takes it in no other way; no browser is of that kind.
    pub(super) fn plain(&self) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut plain)?;
        Ok(plain)
    }
}

include!(concat!(env!("OUT_DIR"), "/made.rs"));

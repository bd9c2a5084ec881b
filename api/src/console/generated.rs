//! The files that the build generates from the console; see this crate's `build.rs`.

use std::io::{self, Read};

use flate2::read::GzDecoder;

/// A file in the encodings in which it is sent.
pub(super) struct GeneratedFile {
    pub(super) gzip: &'static [u8],
    pub(super) brotli: &'static [u8],
}

impl GeneratedFile {
    /// The uncompressed file, for clients that accept no encoding; all browsers do.
    pub(super) fn plain(&self) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut plain)?;
        Ok(plain)
    }
}

include!(concat!(env!("OUT_DIR"), "/generated.rs"));

//! The limit of open files, which includes connections.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than this is of no use, and may exceed the kernel's own limits.
const ENOUGH: u64 = 1 << 20;

/// Files reserved for everything but the API's connections: databases, Redis, documents, calls to services.
const OTHERS: u64 = 256;

/// Raises the soft limit to the hard limit. If that fails, the limit stays.
pub(crate) fn raise() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let most = hard.min(ENOUGH);
        if soft < most { setrlimit(Resource::RLIMIT_NOFILE, most, hard) } else { Ok(()) }
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}

/// The current limit.
pub(crate) fn most() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft.min(ENOUGH))
}

/// The most connections of the API, leaving files for the rest.
pub(crate) fn for_connections() -> usize {
    let files = most();
    usize::try_from(files - OTHERS.min(files / 2)).unwrap_or(usize::MAX)
}

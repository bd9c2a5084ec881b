//! The limit on open files, which also limits connections.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than this is of no use, and the other end of the kernel's tables.
const ENOUGH: u64 = 1 << 20;

/// What is kept for everything but the front's connections: databases, Redis, documents, calls to services.
const OTHERS: u64 = 256;

/// Raises what the process may have to what it could have. A limit that cannot be raised stays as it is.
pub(crate) fn raise() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let most = hard.min(ENOUGH);
        if soft < most { setrlimit(Resource::RLIMIT_NOFILE, most, hard) } else { Ok(()) }
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}

/// How many files it may have open now.
pub(crate) fn most() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft.min(ENOUGH))
}

/// How many connections the front may have, so that files are left for the rest.
pub(crate) fn for_connections() -> usize {
    let files = most();
    usize::try_from(files - OTHERS.min(files / 2)).unwrap_or(usize::MAX)
}

//! Where a test's files are.

use std::{env, path::PathBuf, sync::OnceLock};

use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

/// Files in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// What must be free there, with all tests that run at once in mind.
const ENOUGH: u64 = 2 << 30;

/// A folder that goes with the test. It is in memory where there is enough of it: nobody waits there until a disk has written what a
/// commit says, and what a process has written outlives it as it would on a disk, however the process ends.
pub(crate) fn folder(prefix: &str) -> TempDir {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(|| if is_roomy() { MEMORY.into() } else { env::temp_dir() });
    tempfile::Builder::new().prefix(prefix).tempdir_in(place).unwrap()
}

fn is_roomy() -> bool {
    let can_write = || tempfile::tempfile_in(MEMORY).is_ok();
    statvfs(MEMORY).is_ok_and(|space| space.blocks_available() * space.fragment_size() >= ENOUGH) && can_write()
}

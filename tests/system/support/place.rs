//! Where a test's files are.

use std::{env, fs, path::PathBuf, sync::OnceLock};

use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

/// Files in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// What must be free there, with all tests that run at once in mind.
const ENOUGH: u64 = 2 << 30;

/// The same for what all tests leave behind until the last of them is over: some ten megabytes for each database of
/// PostgreSQL.
const PLENTY: u64 = 8 << 30;

/// A folder that goes with the test. It is in memory where there is enough of it: nobody waits there until a disk has
/// written what a commit says, and what a process has written outlives it as it would on a disk, however the process
/// ends.
pub(crate) fn folder(prefix: &str) -> TempDir {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(|| if is_roomy(ENOUGH) { MEMORY.into() } else { env::temp_dir() });
    tempfile::Builder::new().prefix(prefix).tempdir_in(place).unwrap()
}

/// The same for what grows with every test.
pub(crate) fn large_folder(prefix: &str) -> TempDir {
    let place = if is_roomy(PLENTY) && is_free(PLENTY) { MEMORY.into() } else { env::temp_dir() };
    tempfile::Builder::new().prefix(prefix).tempdir_in(place).unwrap()
}

fn is_roomy(bytes: u64) -> bool {
    let can_write = || tempfile::tempfile_in(MEMORY).is_ok();
    statvfs(MEMORY).is_ok_and(|space| space.blocks_available() * space.fragment_size() >= bytes) && can_write()
}

/// Whether the machine has so much memory left, however much room there is said to be for files in it.
fn is_free(bytes: u64) -> bool {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = told.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.trim().strip_suffix(" kB"));
    available.is_some_and(|kibibytes| kibibytes.parse::<u64>().is_ok_and(|kibibytes| kibibytes * 1024 >= bytes))
}

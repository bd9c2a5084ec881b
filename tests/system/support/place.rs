//! Where a test's files are.

use std::{env, fs, path::PathBuf, sync::OnceLock};

use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

/// Files in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// The memory that must be free, considering all tests that run at once.
const ENOUGH: u64 = 2 << 30;

/// The same for what all tests keep until the last one ends: some ten megabytes for each PostgreSQL database.
const PLENTY: u64 = 8 << 30;

/// A temporary folder. It is in memory if there is enough: commits then need not wait for a disk, and what a process
/// has written survives its death as it would on a disk.
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

/// Whether the machine has this much free memory, whatever space the file system reports.
fn is_free(bytes: u64) -> bool {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = told.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.trim().strip_suffix(" kB"));
    available.is_some_and(|kibibytes| kibibytes.parse::<u64>().is_ok_and(|kibibytes| kibibytes * 1024 >= bytes))
}

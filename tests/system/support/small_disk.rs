//! A disk that is full when a test says so: a file system in memory that is limited to what it holds.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::sys::statvfs::statvfs;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use super::{place::folder, wait::comes_true};

/// Its size when it has space. Only its contents take memory.
const ROOM: u64 = 2 << 30;

/// Unmounts the disk at the end of standard input, which only the tests hold: however they end, nothing stays mounted.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
umount -l "$1"
rmdir "$1"
rm -rf "$2"
"#;

/// A separate disk. It exists until the end of the tests, since a server may still have files on it.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    place: PathBuf,
    /// The folder that always has space.
    beside: PathBuf,
    /// Holds the pipe that keeps it mounted.
    _watchdog: Child,
    /// A lock: filling the disk is exclusive, and so is work that cannot tolerate it.
    turn: Mutex<()>,
}

impl SmallDisk {
    /// A disk with space; `None` if mounting is not allowed, which is printed.
    pub(crate) fn mounted() -> Option<&'static Self> {
        let (place, beside) = (folder("paylink-disk-").keep(), folder("paylink-beside-"));
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={ROOM},mode=0755"), "paylink-test"])
            .arg(&place)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("NOT TRIED: a full disk, for nothing can be mounted here");
            fs::remove_dir(place).unwrap();
            return None;
        }
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(&place).arg(beside.path()).stdin(Stdio::piped());
        let watchdog = watchdog.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let disk = Self { place, beside: beside.keep(), _watchdog: watchdog, turn: Mutex::default() };
        Some(Box::leak(Box::new(disk)))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.place
    }

    /// A folder on it for an installation, except for its logs and the sandbox's data.
    pub(crate) fn folder(&self) -> TempDir {
        let data = tempfile::Builder::new().prefix("data-").tempdir_in(&self.place).unwrap();
        for name in ["log", "sandbox.jsonl"] {
            symlink(self.beside.join(name), data.path().join(name)).unwrap();
        }
        data
    }

    /// Fills it for this long.
    pub(crate) async fn is_full_for(&self, time: Duration) {
        let _alone = self.turn.lock().await;
        let _room_after = self.is_full();
        tokio::time::sleep(time).await;
    }

    /// While this is held it is not filled.
    pub(crate) async fn has_room(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Fills it until this is dropped.
    pub(crate) fn is_full(&self) -> Full<'_> {
        // A concurrent write may make it exceed its new limit.
        assert!(comes_true(|| self.is_given(self.holds())), "the disk is not made full");
        Full(self)
    }

    /// The number of bytes used.
    fn holds(&self) -> u64 {
        let space = statvfs(&self.place).unwrap();
        (space.blocks() - space.blocks_free()) * space.fragment_size()
    }

    fn is_given(&self, bytes: u64) -> bool {
        let size = format!("remount,size={bytes}");
        let remounted = Command::new("mount").args(["-o", &size]).arg(&self.place).stderr(Stdio::null()).status();
        remounted.unwrap().success()
    }
}

#[derive(Debug)]
pub(crate) struct Full<'a>(&'a SmallDisk);

impl Drop for Full<'_> {
    fn drop(&mut self) {
        self.0.is_given(ROOM);
    }
}

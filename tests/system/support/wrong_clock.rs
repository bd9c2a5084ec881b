//! Wrong clocks for real processes, by libfaketime.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

/// A clock that is off by this much, such as `+3d` or `-1h`, and can be set while a process runs.
#[derive(Debug)]
pub(crate) struct WrongClock(TempDir);

impl WrongClock {
    /// A clock that is off by this.
    pub(crate) fn by(offset: &str) -> Self {
        let clock = Self(tempfile::Builder::new().prefix("paylink-clock-").tempdir().unwrap());
        clock.is_set(offset);
        clock
    }

    /// Sets it to be off by this much.
    pub(crate) fn is_set(&self, offset: &str) {
        fs::write(self.file(), offset).unwrap();
    }

    /// The variables of a process that uses it. Monotonic clocks stay the kernel's.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", library().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("offset")
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.exists()).expect("libfaketime is needed for these tests: apt-get install faketime")
}

//! A role that runs next to an app: another process of the same installation.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::wait::comes_true;

/// A running sub-command. It is killed when dropped, unless it has ended before.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it, with a log of its own in this folder.
    pub(crate) fn start(command: &mut Command, folder: &std::path::Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let log = folder.join(format!("log.{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Self { child, log }
    }

    /// Its whole log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop as an init system does, without waiting.
    pub(crate) fn is_asked_to_stop(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    }

    /// Waits until it has ended. Returns its status and how long that took.
    pub(crate) fn ends(&mut self) -> (ExitStatus, Duration) {
        let begin = Instant::now();
        let mut status = None;
        let ended = comes_true(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(ended, "it did not stop: {}", self.log());
        (status.unwrap(), begin.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- what {} logged\n{}---", self.log.display(), self.log());
        }
    }
}

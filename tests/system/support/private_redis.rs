//! The private Redis of an app, and what can happen to it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::wait::comes_true;

/// The private Redis of an app.
#[derive(Debug)]
pub(crate) struct PrivateRedis {
    folder: PathBuf,
}

impl PrivateRedis {
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("redis") }
    }

    /// Its process, if it runs. A remote process only has the number of an earlier one.
    pub(crate) fn process(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.folder.join("redis.pid")).ok()?;
        let pid: i32 = text.trim().parse().ok()?;
        let home = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        (home == self.folder.canonicalize().ok()?).then(|| Pid::from_raw(pid))
    }

    pub(crate) fn freezes(&self) {
        kill(self.process().unwrap(), Signal::SIGSTOP).unwrap();
    }

    /// Continues it.
    pub(crate) fn thaws(&self) {
        kill(self.process().unwrap(), Signal::SIGCONT).unwrap();
    }

    pub(crate) fn is_killed(&self) {
        kill(self.process().unwrap(), Signal::SIGKILL).unwrap();
    }

    /// Flushes it.
    pub(crate) fn loses_everything(&self) {
        assert_eq!(self.command("FLUSHALL"), "OK");
        assert_eq!(self.command("DBSIZE"), "0");
    }

    /// Exhausts its memory, so that it answers and accepts no writes.
    pub(crate) fn is_full(&self) {
        assert_eq!(self.command("CONFIG SET maxmemory 1"), "OK");
    }

    /// Gives it memory again.
    pub(crate) fn has_room(&self) {
        assert_eq!(self.command("CONFIG SET maxmemory 0"), "OK");
    }

    fn command(&self, command: &str) -> String {
        let socket = self.folder.join("redis.sock");
        let output = Command::new("redis-cli").arg("-s").arg(socket).args(command.split(' ')).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Ends one that was left over. Returns `false` if it does not end.
    pub(crate) fn end_left_over(&self) -> bool {
        let Some(process) = self.process() else { return true };
        // Its last writes are not needed.
        let _ = kill(process, Signal::SIGKILL);
        comes_true(|| self.process().is_none())
    }
}

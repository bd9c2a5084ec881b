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

    /// Its process, if it runs. A process that lives elsewhere only has the number of one that was.
    pub(crate) fn process(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.folder.join("redis.pid")).ok()?;
        let pid: i32 = text.trim().parse().ok()?;
        let home = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        (home == self.folder.canonicalize().ok()?).then(|| Pid::from_raw(pid))
    }

    /// It answers nobody from now on.
    pub(crate) fn freezes(&self) {
        kill(self.process().unwrap(), Signal::SIGSTOP).unwrap();
    }

    /// It answers again.
    pub(crate) fn thaws(&self) {
        kill(self.process().unwrap(), Signal::SIGCONT).unwrap();
    }

    /// It is killed.
    pub(crate) fn is_killed(&self) {
        kill(self.process().unwrap(), Signal::SIGKILL).unwrap();
    }

    /// It loses everything that it held.
    pub(crate) fn loses_everything(&self) {
        assert_eq!(self.command("FLUSHALL"), "OK");
        assert_eq!(self.command("DBSIZE"), "0");
    }

    fn command(&self, command: &str) -> String {
        let socket = self.folder.join("redis.sock");
        let output = Command::new("redis-cli").arg("-s").arg(socket).arg(command).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Ends one that was left over. `false` if it does not end.
    pub(crate) fn end_left_over(&self) -> bool {
        let Some(process) = self.process() else { return true };
        // Nobody waits for what it writes down last.
        let _ = kill(process, Signal::SIGKILL);
        comes_true(|| self.process().is_none())
    }
}

//! A process of a role, and what can happen to it.

use std::{
    fs::OpenOptions,
    path::Path,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::support::comes_true;

/// One process of one role. It ends with the test.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) port: u16,
    process: Child,
}

impl Replica {
    /// Starts `paylink` with these arguments; what it logs goes to the file `log` in `place`, with that of the others.
    pub(crate) fn start(
        mut command: Command,
        place: &Path,
        port: u16,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(place.join("log")).unwrap();
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        Self { port, process: command.stdout(Stdio::null()).stderr(log).spawn().unwrap() }
    }

    /// It ends from one moment to the next, as in a power cut.
    #[expect(clippy::wrong_self_convention, reason = "it says what happens to it, as a story does")]
    pub(crate) fn is_killed(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Whether it ended of itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Freezes it until it is continued.
    pub(crate) fn freezes(&self) {
        self.gets(Signal::SIGSTOP);
    }

    /// Continues it.
    pub(crate) fn goes_on(&self) {
        self.gets(Signal::SIGCONT);
    }

    /// It is told to stop, and does, in good order.
    pub(crate) fn stops(self) {
        self.is_told_to_stop();
        self.ends();
    }

    /// Tells it to stop.
    pub(crate) fn is_told_to_stop(&self) {
        self.gets(Signal::SIGTERM);
    }

    /// It ends of itself, in good order.
    pub(crate) fn ends(mut self) {
        let mut status = None;
        comes_true(|| {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.is_some_and(|status| status.success()), "it stopped with {status:?}");
    }

    fn gets(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.process.id()).unwrap()), signal).unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

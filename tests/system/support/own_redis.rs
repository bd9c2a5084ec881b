//! A Redis of a test's own, run as an operator would, to damage it.

use std::process::{Child, Command, Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use super::{installation::free_port, many_redis::CountKeys, wait::eventually};

/// A `redis-server` on a port, with AOF on. It ends with the test.
#[derive(Debug)]
pub(crate) struct OwnRedis {
    folder: TempDir,
    pub(crate) port: u16,
    process: Option<Child>,
}

impl OwnRedis {
    /// Starts one and waits until it answers.
    pub(crate) async fn start() -> Self {
        let mut redis = Self::away();
        redis.comes_up().await;
        redis
    }

    /// None is started.
    pub(crate) fn away() -> Self {
        let folder = tempfile::Builder::new().prefix("paylink-redis-").tempdir().unwrap();
        Self { folder, port: free_port(), process: None }
    }

    /// Starts it again with its log.
    pub(crate) async fn comes_up(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
            .args(["--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--dir"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        eventually("Redis answers", async || (self.says("PING") == "PONG").then_some(())).await;
    }

    /// Kills it without warning.
    pub(crate) fn is_killed(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn freezes(&self) {
        self.gets(Signal::SIGSTOP);
    }

    /// Continues it.
    pub(crate) fn goes_on(&self) {
        self.gets(Signal::SIGCONT);
    }

    /// Exhausts its memory, so that it accepts no writes.
    pub(crate) fn is_full(&self) {
        assert_eq!(self.says("CONFIG SET maxmemory 1"), "OK");
    }

    /// Gives it memory again.
    pub(crate) fn has_room(&self) {
        assert_eq!(self.says("CONFIG SET maxmemory 0"), "OK");
    }

    /// Flushes it.
    pub(crate) fn loses_everything(&self) {
        assert_eq!(self.says("FLUSHALL"), "OK");
    }

    /// The number of a queue's jobs that are leased to a worker.
    pub(crate) fn leased(&self, queue: &str) -> u64 {
        self.says(&format!("ZCARD paylink:{{{queue}}}:leases")).parse().unwrap_or(0)
    }

    /// Its answer to a command; `None` without an answer.
    pub(crate) fn says(&self, command: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(command.split(' ')).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn gets(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    /// Its process id.
    pub(crate) fn id(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.as_ref().unwrap().id()).unwrap())
    }
}

impl CountKeys for OwnRedis {
    fn keys(&self) -> usize {
        self.says("DBSIZE").parse().unwrap_or_else(|_| panic!("Redis does not answer"))
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

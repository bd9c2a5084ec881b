//! A Redis of a test's own, run as an operator would, to damage it.

use std::process::{Child, Command, Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use super::{installation::free_port, wait::eventually};

/// A `redis-server` on a port, with its log of commands (AOF) on. It ends with the test.
#[derive(Debug)]
pub(crate) struct OwnRedis {
    folder: TempDir,
    pub(crate) port: u16,
    process: Option<Child>,
}

impl OwnRedis {
    /// Starts one and waits until it answers.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("paylink-redis-").tempdir().unwrap();
        let mut redis = Self { folder, port: free_port(), process: None };
        redis.comes_up().await;
        redis
    }

    /// It starts on what its log has kept.
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

    /// It ends from one moment to the next.
    pub(crate) fn is_killed(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// It answers nobody until it goes on.
    pub(crate) fn freezes(&self) {
        self.gets(Signal::SIGSTOP);
    }

    /// It answers again.
    pub(crate) fn goes_on(&self) {
        self.gets(Signal::SIGCONT);
    }

    /// It has no memory for anything more, and takes nothing until it has.
    pub(crate) fn is_full(&self) {
        assert_eq!(self.says("CONFIG SET maxmemory 1"), "OK");
    }

    /// It has memory.
    pub(crate) fn has_room(&self) {
        assert_eq!(self.says("CONFIG SET maxmemory 0"), "OK");
    }

    /// It loses everything that it held.
    pub(crate) fn loses_everything(&self) {
        assert_eq!(self.says("FLUSHALL"), "OK");
    }

    /// How many keys it holds.
    pub(crate) fn keys(&self) -> u64 {
        self.says("DBSIZE").parse().unwrap_or_else(|_| panic!("Redis does not answer"))
    }

    /// How many jobs of a queue are leased to a worker.
    pub(crate) fn leased(&self, queue: &str) -> u64 {
        self.says(&format!("ZCARD paylink:{{{queue}}}:leases")).parse().unwrap_or(0)
    }

    /// What it answers to a command; nothing if it does not.
    pub(crate) fn says(&self, command: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(command.split(' ')).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn gets(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.as_ref().unwrap().id()).unwrap())
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

//! Redis with Sentinels, as a cluster, with TLS and users.

mod cluster;
mod guard;
mod sentinels;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use self::guard::Access;
pub(crate) use self::{
    cluster::RedisCluster,
    guard::{RIGHTS, TlsRedis},
    sentinels::Sentinels,
};
use super::wait::eventually;

/// A Redis, of one server or several, whose keys are counted.
pub(crate) trait CountKeys {
    /// The number of its keys. Panics if a part of them cannot be counted.
    fn keys(&self) -> usize;
}

/// A server with these further arguments. It ends with the test.
#[derive(Debug)]
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    /// The further arguments of `redis-cli`.
    reach: Vec<String>,
    process: Option<Child>,
}

impl RedisServer {
    /// Starts it and waits until it answers.
    async fn start(folder: &Path, port: u16, arguments: Vec<String>, reach: Vec<String>) -> Self {
        fs::create_dir_all(folder).unwrap();
        let mut server = Self { port, folder: folder.to_owned(), arguments, reach, process: None };
        server.comes_up().await;
        server
    }

    /// Starts it again with its data.
    pub(crate) async fn comes_up(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = Command::new("redis-server");
        command.args(&self.arguments).current_dir(&self.folder).stdout(log).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        let log = self.folder.join("log");
        eventually(&format!("Redis answers, of which {} tells", log.display()), async || {
            (self.says("PING") == "PONG").then_some(())
        })
        .await;
    }

    /// Kills it without warning.
    pub(crate) fn is_killed(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Its answer to a command; `None` without an answer.
    pub(crate) fn says(&self, command: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli")
            .args(["-p", &port])
            .args(&self.reach)
            .args(command.split(' '))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Without the updates, which are kept for a while for whoever has listened to them.
    fn keys_of_database(&self, database: u8) -> usize {
        let says = self.says(&format!("-n {database} DBSIZE"));
        let all: usize = says.parse().unwrap_or_else(|_| panic!("{} says {says}", self.port));
        let updates = self.says(&format!("-n {database} --scan --pattern paylink:{{live}}:*"));
        all.saturating_sub(updates.lines().count())
    }

    /// Waits until it follows a primary.
    pub(crate) async fn follows(&self) {
        eventually("it follows its primary", async || {
            self.says("INFO replication").contains("master_link_status:up").then_some(())
        })
        .await;
    }

    /// Whether it accepts writes.
    pub(crate) fn is_primary(&self) -> bool {
        self.says("INFO replication").contains("role:master")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn place() -> TempDir {
    tempfile::Builder::new().prefix("paylink-redis-").tempdir().unwrap()
}

/// The arguments of a server that keeps its data, and these.
fn keeps(access: &Access, port: u16, further: &[&str]) -> Vec<String> {
    let keeps = ["--save", "", "--appendonly", "yes", "--bind", "127.0.0.1"];
    let named = keeps.iter().chain(further).map(|argument| (*argument).to_owned());
    access.arguments(port).into_iter().chain(access.users()).chain(named).collect()
}

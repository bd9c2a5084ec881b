//! Two PostgreSQL servers: a primary, and a standby with everything the primary has committed.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User},
};
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

use super::{
    certificates::make_certificates,
    installation::free_port,
    place::folder,
    postgres_programs::{binaries, somebody_else},
    wait::eventually,
};

/// A primary and its standby. They end with the test.
#[derive(Debug)]
pub(crate) struct PostgresPair {
    folder: TempDir,
    pub(crate) primary: u16,
    pub(crate) standby: u16,
    servers: Vec<Option<Child>>,
}

impl PostgresPair {
    /// Starts both; from then on commits are on both.
    pub(crate) async fn start() -> Self {
        let folder = folder("paylink-pair-");
        if let Some(owner) = somebody_else() {
            chown(folder.path(), Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        }
        let mut pair = Self { folder, primary: free_port(), standby: free_port(), servers: Vec::new() };
        let (primary, standby) = (pair.data("primary"), pair.data("standby"));
        let mut made = pair.command("initdb");
        made.args(["--username", "paylink", "--auth", "trust", "--encoding", "UTF8"]);
        ran(made.args(["--no-locale", "--no-sync", "--pgdata"]).arg(&primary));
        pair.starts(&primary, pair.primary).await;
        pair.asks(pair.primary, "CREATE DATABASE paylink").await;
        let port = pair.primary.to_string();
        let mut copied = pair.command("pg_basebackup");
        copied.args(["-h", "127.0.0.1", "-p", &port, "-U", "paylink", "-R"]);
        ran(copied.args(["-X", "stream", "-c", "fast", "--no-sync", "-D"]).arg(&standby));
        pair.starts(&standby, pair.standby).await;
        pair.asks(pair.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        pair.asks(pair.primary, "SELECT pg_reload_conf()").await;
        eventually("the standby follows", async || {
            let question = "SELECT 1 / count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            pair.tries(pair.primary, question).await.then_some(())
        })
        .await;
        pair
    }

    /// Kills the primary without warning.
    pub(crate) fn loses_its_primary(&mut self) {
        end(self.servers[0].take().unwrap());
    }

    /// Promotes the standby.
    pub(crate) fn promotes(&self) {
        ran(self.command("pg_ctl").args(["promote", "-w", "-D"]).arg(self.data("standby")));
    }

    /// Both speak TLS from now on. Returns the file of the authority that has vouched for them.
    pub(crate) async fn speaks_tls(&self) -> PathBuf {
        let folder = self.folder.path();
        make_certificates(folder);
        let key = folder.join("server.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(owner) = somebody_else() {
            chown(&key, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        }
        for port in [self.primary, self.standby] {
            for (setting, value) in [("ssl_cert_file", folder.join("server.pem")), ("ssl_key_file", key.clone())] {
                self.asks(port, &format!("ALTER SYSTEM SET {setting} = '{}'", value.display())).await;
            }
            self.asks(port, "ALTER SYSTEM SET ssl = on").await;
            self.asks(port, "SELECT pg_reload_conf()").await;
        }
        folder.join("ca.pem")
    }

    /// The database, at a port.
    pub(crate) fn url(port: u16) -> String {
        format!("postgres://paylink@127.0.0.1:{port}/paylink")
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(binaries().join(name));
        as_owner(&mut command, somebody_else().as_ref());
        command.current_dir(self.folder.path());
        command
    }

    async fn starts(&mut self, data: &Path, port: u16) {
        let log = fs::File::create(data.with_extension("log")).unwrap();
        let mut command = self.command("postgres");
        command.arg("-D").arg(data).arg("-k").arg(self.folder.path()).args(["-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "max_connections=200", "wal_level=replica", "hot_standby=on"] {
            command.args(["-c", setting]);
        }
        self.servers.push(Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()));
        eventually("PostgreSQL answers", async || self.tries(port, "SELECT 1").await.then_some(())).await;
    }

    async fn tries(&self, port: u16, statement: &str) -> bool {
        let url = format!("postgres://paylink@127.0.0.1:{port}/postgres");
        let Ok(connection) = Database::connect(url).await else { return false };
        let done = connection.execute_unprepared(statement).await.is_ok();
        let _ = connection.close().await;
        done
    }

    async fn asks(&self, port: u16, statement: &str) {
        assert!(self.tries(port, statement).await, "{statement}");
    }
}

impl Drop for PostgresPair {
    fn drop(&mut self) {
        self.servers.drain(..).flatten().for_each(end);
    }
}

fn end(mut server: Child) {
    let _ = kill(Pid::from_raw(i32::try_from(server.id()).unwrap()), Signal::SIGQUIT);
    let _ = server.wait();
}

fn as_owner(command: &mut Command, owner: Option<&User>) {
    if let Some(owner) = owner {
        command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw());
    }
}

fn ran(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

//! `PgBouncer` in front of PostgreSQL: what `scripts/setup.sh test` has built, or else Debian's, which is older.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{
    installation::free_port,
    postgres::{PostgresServer, name_of},
    postgres_programs::somebody_else,
    wait::eventually,
};

/// The pool mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pools {
    Sessions,
    Transactions,
    /// Transactions, without tracking prepared statements: like every `PgBouncer` before 1.21.
    TransactionsUnprepared,
}

/// A running `PgBouncer`. It ends with the test.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl PgBouncer {
    /// Whether it supports prepared statements with pooled transactions: from 1.21 on.
    pub(crate) fn knows_prepared_statements() -> bool {
        let output = Command::new(binary()).arg("--version").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let version = text.lines().next().and_then(|line| line.strip_prefix("PgBouncer ")).unwrap();
        let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        (parts.next().unwrap(), parts.next().unwrap()) >= (1, 21)
    }

    /// Starts one in front of a server.
    pub(crate) async fn start(server: &PostgresServer, pools: Pools) -> Self {
        Self::before(&server.socket().display().to_string(), pools).await
    }

    /// Starts one in front of whatever this names: a folder of sockets, or a host and `port=`.
    pub(crate) async fn before(host: &str, pools: Pools) -> Self {
        let folder = tempfile::Builder::new().prefix("paylink-pgbouncer-").tempdir().unwrap();
        let port = free_port();
        let mode = match pools {
            Pools::Sessions => "pool_mode = session",
            Pools::Transactions => "pool_mode = transaction\nmax_prepared_statements = 200",
            Pools::TransactionsUnprepared if Self::knows_prepared_statements() => {
                "pool_mode = transaction\nmax_prepared_statements = 0"
            }
            Pools::TransactionsUnprepared => "pool_mode = transaction",
        };
        let place = folder.path().display();
        let settings = format!(
            "[databases]\n* = host={host} user=paylink\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {place}/users\nlogfile = {place}/log\nmax_client_conn = 500\ndefault_pool_size = 200\n\
             server_login_retry = 1\n{mode}\n"
        );
        fs::write(folder.path().join("users"), "\"paylink\" \"\"\n").unwrap();
        fs::write(folder.path().join("settings.ini"), settings).unwrap();
        if let Some(owner) = somebody_else() {
            chown(folder.path(), Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        }
        let mut bouncer = Self { folder, port, process: None };
        bouncer.comes_up().await;
        bouncer
    }

    /// Starts it again.
    pub(crate) async fn comes_up(&mut self) {
        let mut command = Command::new(binary());
        command.arg("settings.ini").current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(owner) = somebody_else() {
            command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw());
        }
        self.process = Some(command.spawn().unwrap());
        let log = self.folder.path().join("log");
        eventually(&format!("PgBouncer listens; {}", log.display()), async || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        })
        .await;
    }

    /// Kills it without warning.
    pub(crate) fn is_killed(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// The same database, through it.
    pub(crate) fn url(&self, direct: &str) -> String {
        format!("postgres://paylink@127.0.0.1:{}/{}", self.port, name_of(direct))
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn binary() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pgbouncer/pgbouncer");
    if built.exists() {
        return built;
    }
    let debian = PathBuf::from("/usr/sbin/pgbouncer");
    assert!(debian.exists(), "PgBouncer is needed for this test: scripts/setup.sh test");
    debian
}

//! One PostgreSQL server for all tests of a run, from Debian's package, on a socket in a directory of its own; and
//! servers for single tests, to damage them.

use std::{
    ffi::OsStr,
    fs,
    io::{Read, Seek, SeekFrom},
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use super::{
    place::large_folder,
    postgres_programs::{binaries, is_given_to_the_server, somebody_else},
    small_disk::SmallDisk,
    wait::comes_true,
};

/// Starts the server and waits for the end of standard input, a pipe that only the tests hold. However they end, the
/// kernel closes the pipe, the server is stopped and its directory removed. A guard could not do that, since statics
/// are never dropped. A server that ends earlier is started again.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
while [ ! -e "$2/over" ]; do
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync="$3" -c synchronous_commit="$3" -c full_page_writes="$3" \
        -c autovacuum="$3" -c max_connections=300 >>"$2/log" 2>&1
    sleep 0.1
done &
cat >/dev/null
touch "$2/over"
kill -INT "$(head -n 1 "$2/data/postmaster.pid")"
wait $!
rm -rf "$2"
"#;

/// Whether commits wait for the disk. If they do not, autovacuum is off too: with the short-lived databases of hundreds
/// of tests the server would be busy with it all the time.
#[derive(Debug, Clone, Copy)]
enum Durable {
    Yes,
    No,
}

impl Durable {
    const fn word(self) -> &'static str {
        match self {
            Self::Yes => "on",
            Self::No => "off",
        }
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct PostgresServer {
    socket: PathBuf,
    /// Holds the pipe that keeps the server running.
    _watchdog: Child,
}

/// The URL of a fresh, empty database.
pub(crate) async fn fresh_database() -> String {
    of_all().fresh_database().await
}

/// The URL of a fresh copy of the database with this name, which must have no connections.
pub(crate) async fn copy_of(name: &str) -> String {
    // Copying files is faster than logging the copy.
    of_all().create(&format!("TEMPLATE {name} STRATEGY file_copy")).await
}

/// The same with its tables on this disk, which must exist as long as the server does.
pub(crate) async fn copy_on(name: &str, disk: &'static SmallDisk) -> String {
    let (server, space) = (of_all(), disk.path().file_name().and_then(OsStr::to_str).unwrap().replace('-', "_"));
    let place = disk.path().join("tables");
    fs::DirBuilder::new().mode(0o700).create(&place).unwrap();
    is_given_to_the_server(&place);
    server.runs(&format!("CREATE TABLESPACE {space} LOCATION '{}'", place.display())).await;
    server.create(&format!("TEMPLATE {name} STRATEGY file_copy TABLESPACE {space}")).await
}

/// The name in the URL of a database.
pub(crate) fn name_of(url: &str) -> &str {
    url.split('/').nth(3).and_then(|rest| rest.split('?').next()).unwrap()
}

fn of_all() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    // A killed server may lose data: it is only killed when the tests are over.
    SERVER.get_or_init(|| PostgresServer::start(Durable::No))
}

impl PostgresServer {
    /// A server for a single test or bench, with PostgreSQL's default durability.
    pub(crate) fn of_its_own() -> Self {
        Self::start(Durable::Yes)
    }

    /// The same with all its data on this disk.
    pub(crate) fn on(disk: &SmallDisk) -> Self {
        let place = disk.path().join("postgres");
        fs::create_dir(&place).unwrap();
        Self::start_in(place, Durable::Yes)
    }

    /// The URL of a fresh, empty database.
    pub(crate) async fn fresh_database(&self) -> String {
        self.create("").await
    }

    async fn create(&self, how: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("paylink_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.runs(&format!("CREATE DATABASE {name} {how}")).await;
        self.url(&name)
    }

    pub(super) async fn runs(&self, statement: &str) {
        async { Database::connect(self.url("postgres")).await?.execute_unprepared(statement).await }.await.unwrap();
    }

    /// Sends it this signal and starts it again: `SIGQUIT` is a crash, `SIGINT` a clean shutdown.
    pub(crate) fn is_restarted_by(&self, signal: Signal) {
        let before = self.process().expect("it runs");
        kill(before, signal).unwrap();
        let again = comes_true(|| self.is_ready() && self.process().is_some_and(|now| now != before));
        assert!(again, "PostgreSQL does not come up again: {}", self.log());
    }

    /// Waits until it is up, whether or not it ended by itself.
    pub(crate) fn is_up_again(&self) {
        assert!(comes_true(|| self.is_ready()), "PostgreSQL does not come up again: {}", self.log());
    }

    /// Logs the plans of everything that runs in this database from now on, and stops analysing the server's tables.
    pub(crate) async fn logs_plans_of(&self, url: &str) {
        let name = name_of(url);
        let mut options = ConnectOptions::new(url);
        options.max_connections(1);
        let connection = Database::connect(options).await.unwrap();
        let of_database = [
            "session_preload_libraries = 'auto_explain'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_nested_statements = on",
            "auto_explain.log_analyze = on",
            "auto_explain.log_timing = off",
        ];
        let of_database = of_database.map(|setting| format!("ALTER DATABASE {name} SET {setting}"));
        // The library's settings exist only once it is loaded.
        let load = ["LOAD 'auto_explain'", "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()"];
        for statement in load.map(ToOwned::to_owned).into_iter().chain(of_database) {
            connection.execute_unprepared(&statement).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// The logged plans: the text of each statement, and its steps.
    pub(crate) fn plans(&self) -> Vec<String> {
        self.plans_after(0)
    }

    /// The plans that were logged since the log was this long.
    pub(super) fn plans_after(&self, length: u64) -> Vec<String> {
        let (mut log, mut file) = (Vec::new(), fs::File::open(self.socket.join("log")).unwrap());
        file.seek(SeekFrom::Start(length)).unwrap();
        file.read_to_end(&mut log).unwrap();
        let log = String::from_utf8_lossy(&log);
        let entries = log.split("Query Text: ").skip(1);
        // All lines of a log entry but the first begin with a tab.
        let lines = |entry: &str| {
            let (first, rest) = entry.split_once('\n').unwrap_or((entry, ""));
            let rest = rest.lines().take_while(|line| line.starts_with('\t'));
            std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n")
        };
        entries.map(lines).collect()
    }

    /// How long the log is.
    pub(super) fn length_of_log(&self) -> u64 {
        fs::metadata(self.socket.join("log")).unwrap().len()
    }

    /// Requires this password for the role from now on.
    pub(crate) async fn asks_for_the_password_of(&self, role: &str, password: &str) {
        self.runs(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'")).await;
        let rules = self.socket.join("data/pg_hba.conf");
        let others = fs::read_to_string(&rules).unwrap();
        fs::write(&rules, format!("local all {role} scram-sha-256\n{others}")).unwrap();
        self.runs("SELECT pg_reload_conf()").await;
    }

    /// Logs all statements in this database from now on.
    pub(crate) async fn logs_statements_of(&self, url: &str) {
        let connection = Database::connect(url).await.unwrap();
        let all = format!("ALTER DATABASE {} SET log_statement = 'all'", name_of(url));
        connection.execute_unprepared(&all).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The logged statements, without quotes around names, each with its connection's process id.
    pub(crate) fn statements(&self) -> Vec<(String, String)> {
        let of_line = |line: &str| {
            let (before, told) = line.split_once("LOG:  ")?;
            let statement = told
                .strip_prefix("statement: ")
                .or_else(|| Some(told.strip_prefix("execute ")?.split_once(": ")?.1))?;
            let process = before.split_once('[')?.1.split_once(']')?.0;
            Some((process.to_owned(), statement.replace('"', "")))
        };
        self.log().lines().filter_map(of_line).collect()
    }

    fn start(durable: Durable) -> Self {
        let place = match durable {
            Durable::Yes => tempfile::Builder::new().prefix("paylink-postgres-").tempdir().unwrap(),
            // A database is five hundred files, whose creation takes five times as long on a disk as in memory.
            Durable::No => large_folder("paylink-postgres-"),
        };
        Self::start_in(place.keep(), durable)
    }

    fn start_in(place: PathBuf, durable: Durable) -> Self {
        let binaries = binaries();
        let data = place.join("data");
        fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
        for path in [&place, &data] {
            is_given_to_the_server(path);
        }
        let owner = somebody_else();
        let as_owner = |command: &mut Command| {
            if let Some(owner) = &owner {
                command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw());
            }
            command.current_dir(&place);
        };
        let mut init = Command::new(binaries.join("initdb"));
        init.args(["--username", "paylink", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]);
        as_owner(init.arg("--pgdata").arg(&data));
        let made = init.output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let mut watchdog = Command::new("sh");
        as_owner(watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(&binaries).arg(&place).arg(durable.word()));
        watchdog.stdin(Stdio::piped());
        let watchdog = watchdog.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { socket: place, _watchdog: watchdog };
        assert!(comes_true(|| server.is_ready()), "PostgreSQL does not start: {}", server.log());
        server
    }

    /// The server writes to its file when it accepts connections.
    fn is_ready(&self) -> bool {
        self.says().is_some_and(|text| text.contains("ready"))
    }

    /// Its process id is the first line of the same file.
    pub(crate) fn process(&self) -> Option<Pid> {
        self.says()?.lines().next()?.trim().parse().ok().map(Pid::from_raw)
    }

    fn says(&self) -> Option<String> {
        fs::read_to_string(self.socket.join("data/postmaster.pid")).ok()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.socket.join("log")).unwrap_or_default()
    }

    /// Where its socket is.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://paylink@localhost/{database}?host={}", self.socket.display())
    }
}

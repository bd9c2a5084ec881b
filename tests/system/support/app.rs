//! The product as its users start it: the binary, with a data directory of its own.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
};

use chrono::{DateTime, SecondsFormat, Utc};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::{
    buyer::Buyer,
    database::Database,
    http::Http,
    hush::{Hush, SMS_TOKEN, STRIPE_KEY},
    merchant::{Merchant, Order, with_key},
    operator::Operator,
    private_redis::PrivateRedis,
    process::Process,
    sandbox::Sandbox,
    wait::{comes_true, eventually},
};

/// The file in the data directory with the variables that every sub-command of this app is given.
const ENVIRONMENT: &str = "environment";

/// The line that `up --demo --json` prints.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) url: String,
    pub(crate) api_key: String,
    pub(crate) merchant_id: String,
    pub(crate) order_id: String,
    pub(crate) operator_key: String,
    pub(crate) webhook_secret: String,
    pub(crate) sandbox_url: String,
}

/// `paylink up --demo --json`, running. When it goes, it is stopped as users stop it, and looked at for what every story
/// promises: a clean end, no Redis left, no job given up, a ledger that adds up, and nothing in the log that must not be told.
#[derive(Debug)]
pub(crate) struct App {
    database: Database,
    data: TempDir,
    port: u16,
    process: Option<Child>,
    hush: Hush,
    pub(crate) hello: Hello,
}

impl App {
    /// Starts one on this database and waits until it is ready.
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The same, with more variables.
    pub(crate) async fn start_with(database: Database, environment: &[(&str, String)]) -> Self {
        let data = tempfile::Builder::new().prefix("paylink-").tempdir().unwrap();
        let lines: String = environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        fs::write(data.path().join(ENVIRONMENT), lines).unwrap();
        let port = free_port();
        let hush = Hush::new();
        let mut process = launch(&database, data.path(), port);
        let hello = greeting(&mut process, data.path()).await;
        hush.secret(&hello.webhook_secret);
        hush.private(&hello.api_key);
        hush.private(&hello.operator_key);
        Self { database, data, port, process: Some(process), hush, hello }
    }

    /// Ends the process from one moment to the next, as a power cut would, and starts it again.
    pub(crate) async fn is_killed_and_started_again(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        self.starts_again().await;
    }

    /// Stops as users stop it.
    pub(crate) fn stops(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        kill(pid(&process), Signal::SIGTERM).unwrap();
        let mut status = None;
        let ended = comes_true(|| {
            status = process.try_wait().unwrap();
            status.is_some()
        });
        if !ended {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        status.unwrap_or_else(|| panic!("it did not stop: {}", self.log()))
    }

    /// Starts again on the same data directory and address.
    pub(crate) async fn starts_again(&mut self) {
        let mut process = launch(&self.database, self.data.path(), self.port);
        self.hello = greeting(&mut process, self.data.path()).await;
        self.process = Some(process);
    }

    /// Another process with the same settings.
    pub(crate) fn command(&self) -> Command {
        command(&self.database, self.data.path(), self.port)
    }

    /// Stops, and starts again with other variables.
    pub(crate) async fn starts_again_with(&mut self, environment: &[(&str, &str)]) {
        let status = self.stops();
        assert!(status.success(), "it stopped with {status}");
        let lines: String = environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        fs::write(self.data.path().join(ENVIRONMENT), lines).unwrap();
        self.starts_again().await;
    }

    /// A file of its data directory.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.data.path().join(name)).unwrap()
    }

    /// Changes rows behind its back, as time or an accident would.
    pub(crate) async fn changes_rows(&self, statement: &str) {
        self.database.change(self.data.path(), statement).await;
    }

    /// Runs another sub-command with the same settings, to its end.
    pub(crate) fn runs(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs another sub-command that must succeed: what it prints.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.runs(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts another role beside it, at this port if it listens at all, with the sandbox for its world.
    pub(crate) fn begins(&self, arguments: &[&str], port: u16) -> Process {
        let mut command = command(&self.database, self.data.path(), port);
        command
            .args(arguments)
            .env("PAYLINK_STRIPE_API_BASE", format!("{}/stripe", self.hello.sandbox_url))
            .env("PAYLINK_SMS_API_BASE", format!("{}/sms", self.hello.sandbox_url))
            .env("PAYLINK_PUBLIC_URL", &self.hello.url);
        Process::start(&mut command, self.data.path())
    }

    /// Changes a setting of every process that starts from now on.
    pub(crate) fn will_have(&self, name: &str, value: &str) {
        let mut environment = OpenOptions::new().append(true).open(self.data.path().join(ENVIRONMENT)).unwrap();
        writeln!(environment, "{name}={value}").unwrap();
    }

    /// Stops and starts again, with the settings as they are now.
    pub(crate) async fn is_started_anew(&mut self) {
        assert!(self.stops().success());
        self.starts_again().await;
    }

    /// The same person at another of its processes.
    pub(crate) fn at_port(&self, port: u16) -> Http {
        Http::new(&format!("http://127.0.0.1:{port}"), &self.hush)
    }

    /// A secret that a test came to know: no log may say it.
    pub(crate) fn hush(&self, secret: &str) {
        self.hush.private(secret);
    }

    /// Everything that it has logged, and what ran beside it.
    pub(crate) fn log(&self) -> String {
        let files = fs::read_dir(self.data.path()).into_iter().flatten().map(|entry| entry.unwrap().path());
        let logs = files.filter(|path| path.file_stem().is_some_and(|stem| stem == "log"));
        logs.map(|path| fs::read_to_string(path).unwrap_or_default()).collect()
    }

    /// Everything that its database holds, as one text.
    pub(crate) async fn rows(&self) -> String {
        self.database.dump(self.data.path()).await
    }

    /// A connection of one's own to its database.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        self.database.connect(self.data.path()).await.unwrap()
    }

    /// Changes its rows behind its back.
    pub(crate) async fn rows_are_changed(&self, statement: &str) {
        let connection = self.database().await;
        connection.execute_unprepared(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Runs every tick that is due then.
    pub(crate) fn passes(&self, then: DateTime<Utc>) {
        let ran = self.runs(&["scheduler", "--once", "--at", &then.to_rfc3339_opts(SecondsFormat::Secs, true)]);
        assert!(ran.status.success(), "{ran:?}");
    }

    /// How many invoices lie in the store, uploads included and pictures of them not.
    pub(crate) fn invoices(&self) -> usize {
        self.documents().iter().filter(|name| name.ends_with(".pdf")).count()
    }

    /// The files of its document store, by their path in it.
    pub(crate) fn documents(&self) -> Vec<String> {
        let store = self.data.path().join("documents");
        let mut files = Vec::new();
        let mut folders = vec![store.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push(entry.path().strip_prefix(&store).unwrap().display().to_string());
                }
            }
        }
        files
    }

    /// Somebody without a key.
    pub(crate) fn anybody(&self) -> Http {
        Http::new(&self.hello.url, &self.hush)
    }

    /// The demo's merchant.
    pub(crate) fn merchant(&self) -> Merchant {
        with_key(&self.anybody(), &self.hello.merchant_id, &self.hello.api_key)
    }

    /// The demo's order.
    pub(crate) fn order(&self) -> Order {
        self.hush.private("+12025550123");
        Order { id: self.hello.order_id.clone(), phone: "+12025550123".to_owned() }
    }

    pub(crate) fn buyer(&self) -> Buyer {
        Buyer { browser: self.anybody(), sandbox: self.sandbox() }
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator(self.anybody().with_key(&self.hello.operator_key))
    }

    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new(&self.hello.sandbox_url)
    }

    pub(crate) fn redis(&self) -> PrivateRedis {
        PrivateRedis::of(self.data.path())
    }

    /// Connects a merchant to the sandbox's Stripe and carrier, with the accounts of the demo.
    pub(crate) async fn connects(&self, merchant: &Merchant) {
        let stripe = json!({"secret_key": STRIPE_KEY, "webhook_secret": self.hello.webhook_secret});
        merchant.http.put("/v1/stripe-integration", &stripe).await.with_status(202);
        let carrier = self.merchant().http.get("/v1/sms-integration").await.with_status(200).json();
        let sms = json!({"account_sid": carrier["account_sid"], "auth_token": SMS_TOKEN, "from": carrier["from"]});
        merchant.http.put("/v1/sms-integration", &sms).await.with_status(200);
        eventually("Stripe is connected", async || {
            let stripe = merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
            (stripe["status"] == "connected").then_some(())
        })
        .await;
    }

    fn is_searched(&self) {
        assert_eq!(self.redis().process(), None, "its Redis runs on");
        let audit = self.runs(&["merchant", "audit"]);
        assert!(audit.status.success(), "the ledger does not add up: {audit:?}");
        let dead = self.runs(&["jobs", "list", "--state", "dead"]);
        assert!(dead.status.success() && dead.stdout.is_empty(), "jobs were given up: {dead:?}");
        let log = self.log();
        assert_eq!(self.hush.slip_in(&log), None, "the log says what it must not");
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Some(mut process) = self.process.take() {
                let _ = process.kill();
                let _ = process.wait();
            }
            self.redis().end_left_over();
            eprintln!("--- what it logged\n{}---", self.log());
            return;
        }
        if self.process.is_some() {
            let status = self.stops();
            assert!(status.success(), "it stopped with {status}: {}", self.log());
        }
        self.is_searched();
    }
}

/// The binary with the settings of this app and no others.
pub(crate) fn command(database: &Database, data_dir: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paylink"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAYLINK_") {
            command.env_remove(name);
        }
    }
    command
        .env_remove("RUST_LOG")
        .env("PAYLINK_DATA_DIR", data_dir)
        .env("PAYLINK_LISTEN", format!("127.0.0.1:{port}"))
        .current_dir(data_dir)
        .stdin(Stdio::null());
    if let Database::Postgresql { url } = database {
        command.env("PAYLINK_DATABASE_URL", url);
    }
    let environment = fs::read_to_string(data_dir.join(ENVIRONMENT)).unwrap_or_default();
    command.envs(environment.lines().filter_map(|line| line.split_once('=')));
    command
}

fn launch(database: &Database, data_dir: &Path, port: u16) -> Child {
    let hello = File::create(data_dir.join("hello")).unwrap();
    let log = OpenOptions::new().create(true).append(true).open(data_dir.join("log")).unwrap();
    command(database, data_dir, port).args(["up", "--demo", "--json"]).stdout(hello).stderr(log).spawn().unwrap()
}

async fn greeting(process: &mut Child, data_dir: &Path) -> Hello {
    eventually("it is ready", async || {
        if let Some(status) = process.try_wait().unwrap() {
            panic!("it ended with {status}: {}", fs::read_to_string(data_dir.join("log")).unwrap());
        }
        let text = fs::read_to_string(data_dir.join("hello")).unwrap();
        text.ends_with('\n').then(|| serde_json::from_str(&text).unwrap())
    })
    .await
}

fn pid(process: &Child) -> Pid {
    Pid::from_raw(i32::try_from(process.id()).unwrap())
}

/// A port that nobody has. It lies below those that the kernel gives away by itself, so that it is still free after a restart.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

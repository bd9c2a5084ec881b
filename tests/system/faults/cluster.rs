//! The roles in separate processes, as in production, with one merchant who is connected to the sandbox.

mod mirror_task;
mod outside;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use reqwest::Method;
use tempfile::TempDir;

use self::{mirror_task::MirrorTask, outside::start_sandbox};
use super::replica::Replica;
use crate::support::{
    Database, Http, Hush, Merchant, Mirror, OwnRedis, PROGRAM, Proxy, Sandbox, WebhookCopy, command_of, eventually,
    folder, free_port, fresh_postgresql, with_key,
};

pub(super) const WEBHOOK_SECRET: &str = "whsec_that_only_the_sandbox_and_the_product_know";

/// How long a job stays with a worker that gives no sign of life: short, as tests wait for it.
pub(crate) const LEASE_SECONDS: u64 = 2;

/// The roles apart, on one database, one Redis and one store. Everything of it ends with the test.
pub(crate) struct Cluster {
    pub(crate) database: Database,
    /// The binary of the version that its processes are of, from now on.
    program: PathBuf,
    place: TempDir,
    /// It is away where the test brings another.
    pub(crate) redis: OwnRedis,
    /// What everybody outside calls; it leads to one of the fronts.
    pub(crate) front: Proxy,
    pub(crate) fronts: Vec<Replica>,
    pub(crate) workers: Vec<Replica>,
    pub(crate) schedulers: Vec<Replica>,
    /// What schedulers are given from now on, beside what all are.
    of_schedulers: Vec<(&'static str, String)>,
    pub(crate) hush: Hush,
    pub(crate) merchant: Merchant,
    /// The database broke off during a statement, so a commit may be unknown to its author.
    pub(crate) commits_were_lost: bool,
    /// A copy of everything, made from the feed during the run.
    mirror: Mutex<Option<MirrorTask>>,
    /// Another, made of webhooks, where a test wants one.
    pub(super) webhooks: Option<WebhookCopy>,
    sandbox: sandbox::Sandbox,
}

impl Cluster {
    /// One front, two workers and a scheduler on a fresh PostgreSQL database.
    pub(crate) async fn start() -> Self {
        Self::start_on(Database::Postgresql { url: fresh_postgresql().await }, &[]).await
    }

    /// The same on this database, with more variables, and with a copy made of webhooks.
    pub(crate) async fn start_copied(database: Database, environment: &[(&str, String)]) -> Self {
        let environment = [environment, &[WebhookCopy::setting()]].concat();
        let mut cluster = Self::start_on(database, &environment).await;
        cluster.webhooks = Some(WebhookCopy::begin(&cluster.merchant).await);
        cluster
    }

    /// The same on this database, with further variables.
    pub(crate) async fn start_on(database: Database, environment: &[(&str, String)]) -> Self {
        Self::start_of(Path::new(PROGRAM), database, environment).await
    }

    /// The same of another version, whose binary this is.
    pub(crate) async fn start_of(program: &Path, database: Database, environment: &[(&str, String)]) -> Self {
        let hush = Hush::new();
        let brings_redis = environment.iter().any(|(name, _)| *name == "PAYLINK_REDIS_URL");
        let redis = if brings_redis { OwnRedis::away() } else { OwnRedis::start().await };
        let place = folder("paylink-");
        let front_port = free_port();
        let front = Proxy::to(front_port).await;
        let url = format!("http://127.0.0.1:{}", front.port);
        let http = Http::new(&url, &hush);
        let sandbox = start_sandbox().await;
        let lines = write_environment(&place, &redis, &url, sandbox.url(), environment);
        fs::write(place.path().join("environment"), lines).unwrap();
        let merchant = Merchant { id: String::new(), http };
        let (fronts, workers, schedulers) = (Vec::new(), Vec::new(), Vec::new());
        let mut cluster = Self {
            database,
            program: program.to_owned(),
            place,
            redis,
            front,
            fronts,
            workers,
            schedulers,
            of_schedulers: Vec::new(),
            hush,
            merchant,
            commits_were_lost: false,
            mirror: Mutex::default(),
            webhooks: None,
            sandbox,
        };
        cluster.has_a_merchant();
        cluster.fronts.push(cluster.a_front(front_port).await);
        for _ in 0..2 {
            cluster.workers.push(cluster.a_worker());
        }
        cluster.schedulers.push(cluster.a_scheduler());
        *cluster.mirror.lock().unwrap() = Some(MirrorTask::begin(Mirror::new(&cluster.merchant.http)));
        cluster.is_connected(&url).await;
        cluster
    }

    /// The copy that was made from the feed while all this went on. It is told from here on by whoever asks.
    pub(crate) async fn mirror(&self) -> Mirror {
        let task = self.mirror.lock().unwrap().take().expect("it is asked for once");
        task.stop.send_replace(true);
        task.reading.await.unwrap()
    }

    /// Another front, once it is ready.
    pub(crate) async fn a_front(&self, port: u16) -> Replica {
        self.starts_front(port, &[]).await
    }

    /// The same, with further variables.
    pub(crate) async fn starts_front(&self, port: u16, environment: &[(&str, String)]) -> Replica {
        let front = self.replica(port, &["api"], environment);
        self.says_when_asked_whether_it_is_ready(port, 200).await;
        front
    }

    async fn says_when_asked_whether_it_is_ready(&self, port: u16, status: u16) {
        let itself = Http::new(&format!("http://127.0.0.1:{port}"), &self.hush);
        eventually(&format!("a front says {status}"), async || {
            let says = itself.try_ask(itself.request(Method::GET, "/readyz")).await;
            says.is_ok_and(|answer| answer.status == status).then_some(())
        })
        .await;
    }

    /// The oldest front is told to stop and another takes its place. The balancer sends everybody to the old one until
    /// that says that it is not ready, and nobody after.
    pub(crate) async fn replaces_its_front(&mut self) {
        let (next, old) = (self.a_front(free_port()).await, self.fronts.remove(0));
        old.is_told_to_stop();
        self.says_when_asked_whether_it_is_ready(old.port, 503).await;
        self.front.leads_to(next.port);
        self.fronts.push(next);
        old.ends();
    }

    /// A further worker.
    pub(crate) fn a_worker(&self) -> Replica {
        self.replica(0, &["worker"], &[])
    }

    /// A further worker, with more variables.
    pub(crate) fn a_worker_with(&self, environment: &[(&str, String)]) -> Replica {
        self.replica(0, &["worker"], environment)
    }

    /// Another process of a role that listens nowhere, with more variables.
    pub(crate) fn starts(&self, arguments: &[&str], environment: &[(&str, String)]) -> Replica {
        self.replica(0, arguments, environment)
    }

    /// A further scheduler.
    pub(crate) fn a_scheduler(&self) -> Replica {
        self.replica(0, &["scheduler"], &self.of_schedulers)
    }

    /// Schedulers are given these variables too; those that run are replaced.
    pub(crate) fn has_schedulers_with(&mut self, environment: &[(&'static str, String)]) {
        self.of_schedulers = environment.to_vec();
        let count = self.schedulers.len();
        self.schedulers.drain(..).for_each(Replica::is_killed);
        for _ in 0..count {
            self.schedulers.push(self.a_scheduler());
        }
    }

    /// Whoever ended of itself, as one does that finds no database when it starts, is started again, as a supervisor
    /// does.
    pub(crate) fn starts_again_who_ended(&mut self) {
        for index in 0..self.workers.len() {
            if self.workers[index].has_ended() {
                self.workers[index] = self.a_worker();
            }
        }
        for index in 0..self.schedulers.len() {
            if self.schedulers[index].has_ended() {
                self.schedulers[index] = self.a_scheduler();
            }
        }
    }

    /// All workers are killed at once.
    pub(crate) fn loses_its_workers(&mut self) {
        self.workers.drain(..).for_each(Replica::is_killed);
    }

    /// This version migrates the database, beside what runs; whatever starts from now on is of it.
    pub(crate) fn gets_this_version(&mut self) {
        self.program = PathBuf::from(PROGRAM);
        self.prints(&["migrate"]);
    }

    /// The world outside.
    pub(crate) fn world(&self) -> Sandbox {
        Sandbox::new(self.sandbox.url())
    }

    /// Runs a sub-command with the same settings, to its end.
    pub(crate) fn runs(&self, arguments: &[&str]) -> Output {
        self.runs_with(arguments, &[])
    }

    /// The same with more variables.
    pub(crate) fn runs_with(&self, arguments: &[&str], environment: &[(&str, String)]) -> Output {
        let environment = environment.iter().map(|(name, value)| (name, value));
        self.command(0).args(arguments).envs(environment).output().unwrap()
    }

    /// Everything that all have logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log")).unwrap_or_default()
    }

    fn replica(&self, port: u16, arguments: &[&str], environment: &[(&str, String)]) -> Replica {
        Replica::start(self.command(port), self.place.path(), port, arguments, environment)
    }

    fn command(&self, port: u16) -> Command {
        command_of(&self.program, &self.database, self.place.path(), port)
    }

    /// As an operator makes one.
    fn has_a_merchant(&mut self) {
        self.prints(&["migrate"]);
        let id = self.prints(&["merchant", "create", "Example Merchant"]);
        let key = self.prints(&["merchant", "key", &id]);
        self.prints(&["merchant", "top-up", &id, "100000"]);
        self.hush.private(&key);
        self.merchant = with_key(&self.merchant.http, &id, &key);
    }

    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.runs(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what all have logged\n{}---", self.log());
        }
    }
}

/// The variables that every process is given.
fn write_environment(place: &TempDir, redis: &OwnRedis, url: &str, sandbox: &str, more: &[(&str, String)]) -> String {
    let mut lines = String::new();
    let usual = [
        ("PAYLINK_REDIS_URL", format!("redis://127.0.0.1:{}", redis.port)),
        ("PAYLINK_STORE_URL", format!("file://{}/store", place.path().display())),
        ("PAYLINK_PUBLIC_URL", url.to_owned()),
        ("PAYLINK_SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        ("PAYLINK_OPERATOR_KEY", "op_that_nobody_but_the_operator_knows_1".to_owned()),
        ("PAYLINK_STRIPE_API_BASE", format!("{sandbox}/stripe")),
        ("PAYLINK_SMS_API_BASE", format!("{sandbox}/sms")),
        ("PAYLINK_LEASE_SECONDS", LEASE_SECONDS.to_string()),
        ("PAYLINK_STOP_GRACE_SECONDS", "3".to_owned()),
    ];
    for (name, value) in usual.iter().chain(more) {
        writeln!(lines, "{name}={value}").unwrap();
    }
    lines
}

//! The product, with a data directory of its own: in this process, or as its users start it.

mod commands;
mod data;
mod people;
mod rows;

use std::{
    fs::{self, OpenOptions},
    io::Write,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use domain::Clock;
use entity::{
    Db,
    credits::{self, AuditScope},
    job::{Column, Entity, JobState},
};
use paylink::Settings;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::sync::MutexGuard;

use super::{
    database::Database,
    hush::Hush,
    installation::{ENVIRONMENT, USUAL, command, free_port, variables},
    place::folder,
    private_redis::PrivateRedis,
    running::{Running, aside},
    shared_redis::a_part_of_redis,
    small_disk::SmallDisk,
};

/// The line printed by `up --demo --json`.
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

/// Where the app runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In this process, with a part of the shared Redis.
    Here,
    /// In a process of its own, with its own Redis.
    Apart,
}

/// A running `paylink up --demo`. When it is dropped, it is stopped as users stop it, and the invariants of every test
/// are checked: a clean exit, no Redis left, no dead job, a ledger that adds up, and no secrets in the log.
#[derive(Debug)]
pub(crate) struct App {
    way: Way,
    database: Database,
    data: TempDir,
    /// The disk with all its data, if that can be full.
    disk: Option<&'static SmallDisk>,
    port: u16,
    running: Option<Running>,
    /// How far its clock is ahead, if it runs here.
    ahead: Arc<AtomicI64>,
    hush: Hush,
    pub(crate) hello: Hello,
}

impl App {
    /// Starts one in this process on this database and waits until it is ready.
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The same, with further variables.
    pub(crate) async fn start_with(database: Database, environment: &[(&str, String)]) -> Self {
        let ours = environment.iter().all(|(name, _)| name.starts_with("PAYLINK_"));
        assert!(ours, "other variables are those of a process: start it with App::start_apart_with");
        Self::start_as(Way::Here, database, environment).await
    }

    /// Starts one as its users do: the binary, in an empty data directory, with its own Redis.
    pub(crate) async fn start_apart(database: Database) -> Self {
        Self::start_apart_with(database, &[]).await
    }

    /// The same, with further variables.
    pub(crate) async fn start_apart_with(database: Database, environment: &[(&str, String)]) -> Self {
        Self::start_as(Way::Apart, database, environment).await
    }

    /// Starts one in this process with all its data on a disk that can be full, if one can be mounted.
    pub(crate) async fn start_on(
        disk: Option<&'static SmallDisk>,
        database: Database,
        environment: &[(&str, String)],
    ) -> Self {
        Self::start_with_disk(Way::Here, disk, database, environment).await
    }

    /// The same, as its users start it.
    pub(crate) async fn start_apart_on(
        disk: &'static SmallDisk,
        database: Database,
        environment: &[(&str, String)],
    ) -> Self {
        Self::start_with_disk(Way::Apart, Some(disk), database, environment).await
    }

    async fn start_as(way: Way, database: Database, environment: &[(&str, String)]) -> Self {
        Self::start_with_disk(way, None, database, environment).await
    }

    async fn start_with_disk(
        way: Way,
        disk: Option<&'static SmallDisk>,
        database: Database,
        environment: &[(&str, String)],
    ) -> Self {
        let data = disk.map_or_else(|| folder("paylink-"), SmallDisk::folder);
        if way == Way::Here {
            database.is_migrated(data.path()).await;
            fs::write(data.path().join(USUAL), lines(&a_part_of_redis())).unwrap();
        }
        fs::write(data.path().join(ENVIRONMENT), lines(environment)).unwrap();
        let (port, hush) = (free_port(), Hush::new());
        let ahead = Arc::default();
        let (running, hello) = launch(way, &database, &data, port, clock(&ahead)).await;
        hush.secret(&hello.webhook_secret);
        hush.private(&hello.api_key);
        hush.private(&hello.operator_key);
        Self { way, database, data, disk, port, running: Some(running), ahead, hush, hello }
    }

    /// Kills the process without warning, like a power cut, and starts it again.
    pub(crate) async fn is_killed_and_started_again(&mut self) {
        self.running.take().unwrap().dies();
        self.starts_again().await;
    }

    /// Stops as users stop it.
    pub(crate) fn stops(&mut self) -> ExitStatus {
        let status = self.running.take().unwrap().stops();
        status.unwrap_or_else(|| panic!("it did not stop: {}", self.log()))
    }

    /// Starts again on the same data directory and address.
    pub(crate) async fn starts_again(&mut self) {
        let (running, hello) = launch(self.way, &self.database, &self.data, self.port, clock(&self.ahead)).await;
        (self.running, self.hello) = (Some(running), hello);
    }

    /// Stops, and starts again with other variables.
    pub(crate) async fn starts_again_with(&mut self, environment: &[(&str, &str)]) {
        let status = self.stops();
        assert!(status.success(), "it stopped with {status}");
        fs::write(self.data.path().join(ENVIRONMENT), lines(environment)).unwrap();
        self.starts_again().await;
    }

    /// Fills its disk for this long, if it has one that can be full.
    pub(crate) async fn finds_no_room_for(&self, time: Duration) {
        let Some(disk) = self.disk else { return };
        if matches!(self.database, Database::Sqlite) {
            // Otherwise it would continue to write into the space that its log has already allocated.
            let rows = self.database().await;
            let _ = rows.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
            let _ = rows.close().await;
        }
        disk.is_full_for(time).await;
    }

    /// While this is held, its disk has space.
    pub(crate) async fn finds_room(&self) -> Option<MutexGuard<'static, ()>> {
        match self.disk {
            Some(disk) => Some(disk.has_room().await),
            None => None,
        }
    }

    /// Changes a setting of all processes that start from now on.
    pub(crate) fn will_have(&self, name: &str, value: &str) {
        let mut environment = OpenOptions::new().append(true).open(self.data.path().join(ENVIRONMENT)).unwrap();
        writeln!(environment, "{name}={value}").unwrap();
    }

    /// Stops and starts again, with the current settings.
    pub(crate) async fn is_started_anew(&mut self) {
        assert!(self.stops().success());
        self.starts_again().await;
    }

    /// Registers a secret that no log may contain.
    pub(crate) fn hush(&self, secret: &str) {
        self.hush.private(secret);
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.running.as_ref().unwrap().process_id()
    }

    /// A line of the kernel's status of the process in KiB, such as `VmRSS`.
    pub(crate) fn status_of_process(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The CPU time of the process.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process_id())).unwrap();
        // The name in parentheses may contain anything; user and system time are the 12th and 13th field after it, in
        // hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(10 * ticks)
    }

    /// Sets its clock forward for everything it does from now on.
    pub(crate) fn turns_its_clock(&self, by: TimeDelta) {
        assert_eq!(self.way, Way::Here, "a process has the clock of the machine");
        self.ahead.fetch_add(by.num_seconds(), Ordering::Relaxed);
    }

    /// Its own Redis, to damage it.
    pub(crate) fn redis(&self) -> PrivateRedis {
        assert_eq!(self.way, Way::Apart, "its Redis is that of all tests: start it with App::start_apart");
        PrivateRedis::of(self.data.path())
    }

    fn is_searched(&self) {
        if self.way == Way::Apart {
            assert_eq!(self.redis().process(), None, "its Redis runs on");
        }
        let settings = Settings::from_variables([]).unwrap();
        let (wrong, dead) = aside(&settings, self.data.path(), async || {
            let db = Db::open(&self.database.url(self.data.path()), 1).await.unwrap();
            let dead = Entity::find().filter(Column::State.eq(JobState::Dead)).all(db.pool()).await.unwrap();
            (credits::audit(&db, AuditScope::Whole).await.unwrap().discrepancies, dead)
        });
        assert!(wrong.is_empty(), "the ledger does not add up: {wrong:?}");
        assert!(dead.is_empty(), "jobs are dead: {dead:?}");
        let log = self.log();
        assert_eq!(self.hush.slip_in(&log), None, "the log says what it must not");
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Some(running) = self.running.take() {
                running.ends_somehow();
            }
            if self.way == Way::Apart {
                self.redis().end_left_over();
            }
            eprintln!("--- what it logged\n{}---", self.log());
            return;
        }
        if self.running.is_some() {
            let status = self.stops();
            assert!(status.success(), "it stopped with {status}: {}", self.log());
        }
        self.is_searched();
    }
}

async fn launch(way: Way, database: &Database, data: &TempDir, port: u16, clock: Clock) -> (Running, Hello) {
    match way {
        Way::Here => Running::here(variables(database, data.path(), port), data.path(), clock).await,
        Way::Apart => Running::apart(command(database, data.path(), port), data.path()).await,
    }
}

/// A clock that is this many seconds ahead of the machine's.
fn clock(ahead: &Arc<AtomicI64>) -> Clock {
    let ahead = Arc::clone(ahead);
    Clock::telling(move || Utc::now() + TimeDelta::seconds(ahead.load(Ordering::Relaxed)))
}

/// Variables in the format of a file.
fn lines(environment: &[(&str, impl AsRef<str>)]) -> String {
    environment.iter().map(|(name, value)| format!("{name}={}\n", value.as_ref())).collect()
}

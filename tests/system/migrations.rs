//! Migrations: one at a time, beside traffic, and known to whoever starts.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use entity::Db;
use migration::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, Database as Connection, TransactionTrait};
use tempfile::TempDir;

use crate::support::{Database, command, eventually, fresh_postgresql};

/// `paylink` with these arguments on a database at this URL.
fn paylink(url: &str, place: &TempDir, arguments: &[&str]) -> Command {
    let mut command = command(&Database::Postgresql { url: url.to_owned() }, place.path(), 0);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn place() -> TempDir {
    tempfile::Builder::new().prefix("paylink-").tempdir().unwrap()
}

fn sqlite(place: &TempDir) -> String {
    format!("sqlite://{}?mode=rwc", place.path().join("rows.db").display())
}

fn ten_at_once_succeed(url: &str, place: &TempDir) {
    let all: Vec<Child> = (0..10).map(|_| paylink(url, place, &["migrate"]).spawn().unwrap()).collect();
    for one in all {
        let ended = one.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    let list = paylink(url, place, &["merchant", "list"]).output().unwrap();
    assert!(list.status.success(), "{list:?}");
}

#[tokio::test]
async fn ten_migrations_at_once_take_turns_on_postgresql() {
    ten_at_once_succeed(&fresh_postgresql().await, &place());
}

#[tokio::test]
async fn ten_migrations_at_once_take_turns_on_sqlite() {
    let place = place();
    ten_at_once_succeed(&sqlite(&place), &place);
}

async fn schemas_are_judged(url: &str, place: &TempDir) {
    let says = |arguments: &[&str]| {
        let ended = paylink(url, place, arguments).output().unwrap();
        (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
    };
    let (went, why) = says(&["merchant", "list"]);
    assert!(!went && why.contains("run `paylink migrate`"), "{why}");
    assert!(says(&["migrate"]).0);
    assert!(says(&["merchant", "list"]).0);

    let db = Connection::connect(url).await.unwrap();
    let step = |name: &str| format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 0)");
    db.execute_unprepared(&step("m9998_adds_something")).await.unwrap();
    assert!(says(&["merchant", "list"]).0, "the version before runs beside a step that adds");
    assert!(says(&["migrate"]).0, "there is nothing to do");
    db.execute_unprepared(&step("m9999_contract_something")).await.unwrap();
    db.close().await.unwrap();
    let (went, why) = says(&["merchant", "list"]);
    assert!(!went && why.contains("newer than this version (m9999_contract_something)"), "{why}");
}

#[tokio::test]
async fn a_schema_that_is_too_old_or_too_new_is_refused_on_postgresql() {
    schemas_are_judged(&fresh_postgresql().await, &place()).await;
}

#[tokio::test]
async fn a_schema_that_is_too_old_or_too_new_is_refused_on_sqlite() {
    let place = place();
    schemas_are_judged(&sqlite(&place), &place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waits_for_a_table_holds_nobody_up() {
    let (url, place) = (fresh_postgresql().await, place());
    let db = Db::open(&url, 3).await.unwrap();
    // Before the step that changes the tables of events and of jobs.
    Migrator::up(db.pool(), Some(11)).await.unwrap();
    // A report reads jobs for long.
    let report = db.pool().begin().await.unwrap();
    report.execute_unprepared("SELECT 1 FROM job").await.unwrap();

    let mut migration = paylink(&url, &place, &["migrate"]).spawn().unwrap();
    // Traffic goes on while it has tried and given way a few times: whoever comes while it waits, waits behind it, and not for longer.
    let (mut longest, mut tries) = (Duration::ZERO, 0);
    eventually("it has tried and given way", async || {
        let asked = Instant::now();
        db.pool().execute_unprepared("SELECT 1 FROM job LIMIT 1").await.unwrap();
        db.pool().execute_unprepared("SELECT 1 FROM webhook_event LIMIT 1").await.unwrap();
        let took = asked.elapsed();
        longest = longest.max(took);
        tries += u32::from(took > Duration::from_millis(100));
        (tries >= 3).then_some(())
    })
    .await;
    assert!(migration.try_wait().unwrap().is_none(), "it cannot have ended");
    assert!(longest < Duration::from_secs(5), "it held traffic up for {longest:?}");
    report.rollback().await.unwrap();
    let status = eventually("it ends", async || migration.try_wait().unwrap()).await;
    assert!(status.success());
}

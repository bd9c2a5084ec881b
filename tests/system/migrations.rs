//! Migrations: one at a time, under traffic, and checked by each process at its start.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use entity::Db;
use migration::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, Database as Connection, Statement, TransactionTrait};
use tempfile::TempDir;

use crate::support::{Database, comes_true, command, eventually, fresh_postgresql};

/// `paylink` with these arguments on a database at this URL.
fn paylink(url: &str, place: &TempDir, arguments: &[&str]) -> Command {
    let mut command = command(&Database::Postgresql { url: url.to_owned() }, place.path(), 0);
    // What roles do not start without.
    command.envs([("PAYLINK_PUBLIC_URL", "https://pay.example.com"), ("PAYLINK_REDIS_URL", "redis://127.0.0.1:1")]);
    command.env("PAYLINK_SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    command.env("PAYLINK_STORE_URL", format!("file://{}/store", place.path().display()));
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
        let mut process = paylink(url, place, arguments).spawn().unwrap();
        if !comes_true(|| process.try_wait().unwrap().is_some()) {
            process.kill().unwrap();
        }
        let ended = process.wait_with_output().unwrap();
        (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
    };
    for arguments in [&["merchant", "list"][..], &["api"], &["worker"], &["scheduler"]] {
        let (went, why) = says(arguments);
        assert!(!went && why.contains("run `paylink migrate`"), "{arguments:?}: {why}");
    }
    let (went, log) = says(&["migrate"]);
    let steps = Migrator::migrations().len();
    assert!(went && log.contains("was brought up to date") && log.contains(&format!("steps={steps}")), "{log}");
    // Those that take long are told one by one, and most do not.
    assert!(log.lines().count() < steps / 2, "{log}");
    assert!(says(&["merchant", "list"]).0);

    let db = Connection::connect(url).await.unwrap();
    let step = |name: &str| format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 0)");
    db.execute_unprepared(&step("m9998_adds_something")).await.unwrap();
    assert!(says(&["merchant", "list"]).0, "the version before runs beside a step that adds");
    assert!(says(&["migrate"]).0, "there is nothing to do");
    db.execute_unprepared(&step("m9999_contract_something")).await.unwrap();
    db.close().await.unwrap();
    for arguments in [&["merchant", "list"][..], &["api"], &["worker"], &["scheduler"]] {
        let (went, why) = says(arguments);
        assert!(!went && why.contains("newer than this version (m9999_contract_something)"), "{arguments:?}: {why}");
    }
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
    // Traffic goes on while it has tried and given way a few times: whoever comes while it waits, waits behind it, and
    // not for longer.
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

/// The step whose indexes are built ahead of it, and one of them.
const STEP: &str = "m0095_rare_rows_of_years";
const INDEX: &str = "webhook_event_of_kind";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_a_large_table_is_built_while_others_write_there() {
    let (url, place) = (fresh_postgresql().await, place());
    let db = Db::open(&url, 4).await.unwrap();
    let before = Migrator::migrations().iter().position(|step| step.name() == STEP).unwrap();
    Migrator::up(db.pool(), Some(u32::try_from(before).unwrap())).await.unwrap();
    let event = |number: u32| {
        format!(
            "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, state, received_at) VALUES \
             (gen_random_uuid(), gen_random_uuid(), 'stripe', 'evt_{number}', 'charge.refunded', '{{}}', 'received', now())"
        )
    };
    db.pool().execute_unprepared(&event(0)).await.unwrap();
    // As an attempt leaves it that was broken off.
    db.pool().execute_unprepared(&format!("CREATE INDEX {INDEX} ON webhook_event (kind)")).await.unwrap();
    let broken = format!("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX}'::regclass");
    db.pool().execute_unprepared(&broken).await.unwrap();
    // Somebody writes there for long; whoever wants the table for themselves would have to wait, and everybody behind
    // them.
    let writer = db.pool().begin().await.unwrap();
    writer.execute_unprepared(&event(1)).await.unwrap();

    let mut migrations: Vec<Child> = (0..3).map(|_| paylink(&url, &place, &["migrate"]).spawn().unwrap()).collect();
    let building = format!(
        "SELECT 1 AS n FROM pg_stat_activity WHERE query LIKE '%INDEX CONCURRENTLY%{INDEX}%' AND pid <> pg_backend_pid()"
    );
    eventually("an index is being built", async || {
        let ask = Statement::from_string(db.pool().get_database_backend(), building.as_str());
        db.pool().query_one_raw(ask).await.unwrap().map(drop)
    })
    .await;
    for number in 2..10 {
        let write = db.pool().begin().await.unwrap();
        write.execute_unprepared("SET LOCAL lock_timeout = '5s'").await.unwrap();
        write.execute_unprepared(&event(number)).await.expect("nobody who writes waits");
        write.commit().await.unwrap();
    }
    for migration in &mut migrations {
        assert!(migration.try_wait().unwrap().is_none(), "it cannot have ended");
    }
    writer.commit().await.unwrap();
    for migration in migrations {
        let ended = migration.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    let whole = format!(
        "SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indexrelid = '{INDEX}'::regclass AND indisvalid"
    );
    let row = db.pool().query_one_raw(Statement::from_string(db.pool().get_database_backend(), whole)).await.unwrap();
    let definition: String = row.expect("it is whole").try_get("", "definition").unwrap();
    assert!(definition.ends_with("(merchant_id, kind, id)"), "{definition}");
}

/// The step that brings in rows which are brought in page by page before it, and as many links from before as make more
/// than one page.
const FILLED: &str = "m0118_links_by_state_from_before";
const LINKS_FROM_BEFORE: &str = "
    INSERT INTO merchant (id, name, region, time_zone, sms_rate, created_at)
        VALUES (gen_random_uuid(), 'Example', 'US', 'UTC', 1, now());
    INSERT INTO orders (id, merchant_id, number, customer_name, amount, currency, details, tag, created_at)
        SELECT gen_random_uuid(), id, number, 'Example', 100, 'usd', '{}', 'unpaid', now() FROM merchant, generate_series(1, 2500) AS number;
    INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
        stripe_link_id, created_at, expires_at)
        SELECT gen_random_uuid(), merchant_id, id, 'unpaid', sha256(id::text::bytea), '1', 100, 'usd', 'a.pdf', 'plink_' || id,
            now(), now() FROM orders;
    UPDATE open_link SET merchant_id = NULL";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_from_before_a_step_are_brought_in_while_somebody_holds_one_of_them() {
    let (url, place) = (fresh_postgresql().await, place());
    let db = Db::open(&url, 4).await.unwrap();
    let before = Migrator::migrations().iter().position(|step| step.name() == FILLED).unwrap();
    Migrator::up(db.pool(), Some(u32::try_from(before).unwrap())).await.unwrap();
    db.pool().execute_unprepared(LINKS_FROM_BEFORE).await.unwrap();
    let payment = db.pool().begin().await.unwrap();
    payment.execute_unprepared("SELECT 1 FROM open_link LIMIT 1 FOR UPDATE").await.unwrap();
    let count = async |sql: &str| {
        let row = db.pool().query_one_raw(Statement::from_string(db.pool().get_database_backend(), sql)).await.unwrap();
        row.map(|row| row.try_get::<i64>("", "n").unwrap())
    };

    let mut migration = paylink(&url, &place, &["migrate"]).spawn().unwrap();
    eventually("all others are brought in", async || {
        let left = count("SELECT count(*) AS n FROM open_link WHERE merchant_id IS NULL").await;
        (left == Some(1)).then_some(())
    })
    .await;
    // The step waits for the one that is left, and meanwhile lets everybody write to the table.
    let locks = eventually("the step waits for it", async || {
        count(
            "SELECT count(held.pid) AS n FROM pg_stat_activity AS step
                LEFT JOIN pg_locks AS held ON held.pid = step.pid AND held.mode = 'ShareLock' AND held.relation = 'open_link'::regclass
                WHERE step.wait_event_type = 'Lock' AND step.query LIKE '%UPDATE open_link%' AND step.datname = current_database()
                GROUP BY step.pid",
        )
        .await
    })
    .await;
    assert_eq!(locks, 0, "the table is held against writes");
    assert!(migration.try_wait().unwrap().is_none(), "it cannot have ended");
    payment.rollback().await.unwrap();
    let ended = migration.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(count("SELECT count(*) AS n FROM open_link WHERE merchant_id IS NULL").await, Some(0));
}

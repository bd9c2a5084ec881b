//! `PgBouncer` between the roles and PostgreSQL.

use std::time::{Duration, Instant};

use super::{
    auditor::audit,
    cluster::Cluster,
    traffic::{Traffic, batch},
};
use crate::support::{Database, OwnPostgres, PgBouncer, Pools, command, eventually, fresh_postgresql, not_tested};

async fn sells_through(pools: Pools) {
    let server = OwnPostgres::of_its_own();
    let direct = server.fresh_database().await;
    let mut bouncer = PgBouncer::start(&server, pools).await;
    let mut cluster = Cluster::start_on(Database::Postgresql { url: bouncer.url(&direct) }, &[]).await;
    let traffic = Traffic::begin(&cluster, 6);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let accepted = traffic.end().await;
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0));
    // It dies in mid-traffic, and is started again.
    cluster.commits_were_lost = true;
    let traffic = Traffic::begin(&cluster, 6);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bouncer.is_killed();
    let begin = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    bouncer.comes_up().await;
    let after = batch(&cluster, 1).await;
    eprintln!("PgBouncer was away for 1 s; an order was through {:?} after its death", begin.elapsed());
    let accepted = traffic.end().await.and(after).and(accepted);
    audit(&cluster, &accepted, 0).await;
    let log = cluster.log();
    let found = if pools == Pools::Sessions { "pools sessions" } else { "pools transactions and knows prepared" };
    assert!(log.contains(found), "{log}");
    assert!(log.contains("ALTER ROLE"), "limits have to be set elsewhere");
    let doctor = cluster.runs(&["doctor", "--offline"]);
    let told = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.status.success() && told.contains(found), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_transactions_that_knows_prepared_statements_is_as_good_as_none() {
    if PgBouncer::knows_prepared_statements() {
        sells_through(Pools::Transactions).await;
    } else {
        not_tested(
            "this PgBouncer is older than 1.21; scripts/setup.sh test builds a newer one where its source can be had",
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_sessions_is_as_good_as_none() {
    sells_through(Pools::Sessions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_does_not_know_prepared_statements_is_refused_with_what_to_do() {
    let server = OwnPostgres::of_its_own();
    let direct = server.fresh_database().await;
    let bouncer = PgBouncer::start(&server, Pools::TransactionsUnprepared).await;
    let place = tempfile::tempdir().unwrap();
    let database = Database::Postgresql { url: bouncer.url(&direct) };
    let migrated = command(&database, place.path(), 0).arg("migrate").output().unwrap();
    let why = String::from_utf8(migrated.stderr).unwrap();
    assert!(!migrated.status.success(), "{why}");
    // The second meets what the first has prepared.
    let looked = command(&database, place.path(), 0).args(["doctor", "--offline"]).output().unwrap();
    let told = String::from_utf8(looked.stdout).unwrap();
    assert!(!looked.status.success(), "{told}");
    for said in ["1.21", "max_prepared_statements", "pool_mode = session"] {
        assert!(why.contains(said) && told.contains(said), "{why}, {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_is_seen_in_the_database_with_its_name_and_its_limits() {
    use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let cluster = Cluster::start_on(database, &[("PAYLINK_DATABASE_LOCK_SECONDS", "1".to_owned())]).await;
    let db = super::auditor::open(&cluster.database).await;
    let ask = |sql: &str| Statement::from_string(db.pool().get_database_backend(), sql.to_owned());
    let names =
        "SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = current_database() ORDER BY 1";
    let rows = db.pool().query_all_raw(ask(names)).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    for role in ["paylink api", "paylink worker", "paylink scheduler"] {
        assert!(names.iter().any(|name| name == role), "{names:?}");
    }
    let log = cluster.log();
    assert!(!log.contains("does not let us set limits") && !log.contains("through a pooler"), "there is no pooler");

    // What is locked is locked for as long as it takes: whoever waits no longer goes by the limit.
    let lock = db.pool().begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE payment_link, pause, tick IN ACCESS EXCLUSIVE MODE").await.unwrap();
    assert_eq!(cluster.merchant.http.get("/v1/payment-links").await.status, 503, "a front waits for ever");
    for given_up in ["it cannot be read what is paused", "a tick stopped half-way"] {
        eventually(given_up, async || cluster.log().contains(given_up).then_some(())).await;
    }
    lock.rollback().await.unwrap();
    cluster.merchant.http.get("/v1/payment-links").await.with_status(200);
}

#[tokio::test]
async fn a_session_has_the_limits_that_it_is_to_have() {
    use sea_orm::{ConnectionTrait, Statement};
    let seconds = std::time::Duration::from_secs;
    let limits = entity::DbLimits { statement: seconds(7), lock: seconds(5), idle_in_transaction: seconds(3) };
    let options = entity::DbOptions { connections: 1, application: "paylink api".to_owned(), limits };
    let db = entity::Db::open_with(&fresh_postgresql().await, &options).await.unwrap();
    let limits = [("statement_timeout", "7s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "3s")];
    for (name, expected) in limits {
        let ask = Statement::from_string(db.pool().get_database_backend(), format!("SHOW {name}"));
        let row = db.pool().query_one_raw(ask).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<String>(0).unwrap(), expected, "{name}");
    }
}

#[tokio::test]
async fn why_the_database_refuses_a_connection_is_said() {
    let server = OwnPostgres::of_its_own();
    let url = server.fresh_database().await;
    let place = tempfile::tempdir().unwrap();
    let runs = |url: String| {
        let output =
            command(&Database::Postgresql { url }, place.path(), 0).args(["merchant", "list"]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let why = runs(url.replace("/paylink_", "/nowhere_"));
    assert!(why.contains("does not exist"), "{why}");
    let why = runs(url.replace("paylink@", "nobody@"));
    assert!(why.contains("role \"nobody\" does not exist"), "{why}");
    let db = entity::Db::open(&url, 1).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(db.pool(), "ALTER ROLE paylink NOSUPERUSER CONNECTION LIMIT 0")
        .await
        .unwrap();
    let why = runs(url);
    assert!(why.contains("too many connections"), "{why}");
}

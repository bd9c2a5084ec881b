//! `PgBouncer` between the roles and PostgreSQL.

use std::time::Duration;

use super::{auditor::audit, cluster::Cluster, traffic::Traffic};
use crate::support::{Database, OwnPostgres, PgBouncer, Pools, command};

async fn sells_through(pools: Pools) {
    let server = OwnPostgres::of_its_own();
    let direct = server.fresh_database().await;
    let bouncer = PgBouncer::start(&server, pools).await;
    let cluster = Cluster::start_on(Database::Postgresql { url: bouncer.url(&direct) }, &[]).await;
    let traffic = Traffic::begin(&cluster, 6);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let accepted = traffic.end().await;
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0));
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
        eprintln!(
            "NOT TESTED: this PgBouncer is older than 1.21; scripts/setup.sh test builds a newer one where its source can be had"
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
    for said in ["1.21", "max_prepared_statements", "pool_mode = session"] {
        assert!(why.contains(said), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_is_seen_in_the_database_with_its_name_and_its_limits() {
    use sea_orm::{ConnectionTrait, Statement};
    let cluster = Cluster::start().await;
    let db = super::auditor::open(&cluster.database).await;
    let ask = |sql: &str| Statement::from_string(db.pool().get_database_backend(), sql.to_owned());
    let names =
        "SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = current_database() ORDER BY 1";
    let rows = db.pool().query_all_raw(ask(names)).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    for role in ["paylink api", "paylink worker", "paylink scheduler"] {
        assert!(names.iter().any(|name| name == role), "{names:?}");
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

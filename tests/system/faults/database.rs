//! A database that is restarted, cuts its clients off, has too few connections, or is busy with somebody else.

use std::time::Duration;

use entity::Db;
use nix::sys::signal::Signal;
use sea_orm::ConnectionTrait;

use super::{
    auditor::{audit, open},
    cluster::Cluster,
    traffic::Traffic,
};
use crate::support::{App, Database, Invoice, OwnPostgres, fresh_postgresql};

/// All connections to this database end at once, but the one that says so.
pub(super) async fn cut_all_connections(db: &Db) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.pool().execute_unprepared(cut).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_restarted_loses_no_promise() {
    let server = OwnPostgres::of_its_own();
    let cluster = Cluster::start_on(Database::Postgresql { url: server.fresh_database().await }, &[]).await;
    let traffic = Traffic::begin(&cluster, 4);
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.is_restarted_by(signal);
    }
    let promised = traffic.end().await;
    audit(&cluster, &promised, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_cuts_are_made_anew() {
    let cluster = Cluster::start().await;
    let db = open(&cluster.database).await;
    let traffic = Traffic::begin(&cluster, 4);
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        cut_all_connections(&db).await;
    }
    let promised = traffic.end().await;
    audit(&cluster, &promised, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_connections_make_everything_slow_and_nothing_wrong() {
    let few = [("PAYLINK_DATABASE_CONNECTIONS", "2".to_owned())];
    let cluster = Cluster::start_on(Database::Postgresql { url: fresh_postgresql().await }, &few).await;
    let traffic = Traffic::begin(&cluster, 30);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let promised = traffic.end().await;
    audit(&cluster, &promised, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_sqlite_is_waited_for() {
    let app = App::start(Database::sqlite()).await;
    let merchant = app.merchant();
    let order = app.order();
    // Another program, such as an operator's shell, holds the write lock for three seconds.
    let other = app.database().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let asked = tokio::spawn({
        let (merchant, order) = (merchant.clone(), order.clone());
        async move { merchant.asks_for_a_link(&order, &Invoice::default()).await }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!asked.is_finished(), "it was answered without its rows");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    let id = asked.await.unwrap().with_status(202).json()["id"].as_str().unwrap().to_owned();
    let link = merchant.has_the_link(&id).await;
    let at_stripe = app.sandbox().links_for(&link.id).await;
    assert_eq!((at_stripe.total, at_stripe.live), (1, 1));
}

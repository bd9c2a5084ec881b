//! A standby that is promoted to primary; TLS to the server.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{
    auditor::audit,
    cluster::Cluster,
    traffic::{Traffic, batch},
};
use crate::support::{Database, PostgresPair, Proxy, command, eventually, folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_promoted_in_mid_traffic_loses_nothing() {
    let mut pair = PostgresPair::start().await;
    let way = Proxy::to(pair.primary).await;
    let mut cluster = Cluster::start_on(Database::Postgresql { url: PostgresPair::url(way.port) }, &[]).await;
    cluster.commits_were_lost = true;
    let traffic = Traffic::begin(&cluster, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    pair.loses_its_primary();
    // A client finds a standby meanwhile: it can be read, and accepts no writes.
    way.leads_to(pair.standby);
    tokio::time::sleep(Duration::from_secs(1)).await;
    pair.promotes();
    let (promoted, accepted) = (begin.elapsed(), batch(&cluster, 1).await);
    eprintln!("promoted after {promoted:?}; an order went through after {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(45), "{:?}", begin.elapsed());
    let accepted = traffic.end().await.and(accepted);
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test]
async fn a_server_with_tls_is_believed_by_its_own_authority_only() {
    let (pair, place) = (PostgresPair::start().await, folder("paylink-"));
    let authority = pair.speaks_tls().await;
    let url = |mode: &str| format!("{}?sslmode={mode}", PostgresPair::url(pair.primary));
    let known = format!("{}&sslrootcert={}", url("verify-full"), authority.display());
    let runs = |url: &str, arguments: &[&str]| {
        command(&Database::Postgresql { url: url.to_owned() }, place.path(), 0).args(arguments).output().unwrap()
    };
    // The server reads its settings a moment later.
    eventually("it speaks TLS", async || runs(&known, &["migrate"]).status.success().then_some(())).await;
    let db = entity::Db::open(&known, 1).await.unwrap();
    let question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = db.pool().query_one_raw(Statement::from_string(DbBackend::Postgres, question)).await.unwrap().unwrap();
    assert!(row.try_get::<bool>("", "ssl").unwrap());

    let refused = runs(&url("verify-full"), &["merchant", "list"]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && why.contains("certificate"), "{why}");
}

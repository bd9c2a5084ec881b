//! A standby that is promoted to primary.

use std::time::{Duration, Instant};

use super::{
    auditor::audit,
    cluster::Cluster,
    traffic::{Traffic, batch},
};
use crate::support::{Database, PostgresPair, Proxy};

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

//! Two schedulers, one of which stands still past its turn.

use std::time::Duration;

use super::{auditor::audit, cluster::Cluster, promised::Promised, replica::Replica};
use crate::support::{Invoice, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduler_that_stands_still_past_its_turn_is_not_missed_and_does_no_harm() {
    let mut cluster = Cluster::start().await;
    cluster.workers.iter().for_each(Replica::freezes);
    let mut promised = Promised::default();
    for n in 1..=3 {
        let order = cluster.merchant.opens_an_order(&n.to_string()).await;
        promised.link(&cluster.merchant.uploads(&order, &Invoice::default()).await);
    }
    cluster.loses_its_workers();
    cluster.schedulers[0].freezes();
    cluster.schedulers.push(cluster.a_scheduler());
    cluster.redis.loses_everything();
    let rung = || cluster.redis.says("HLEN {paylink}:store_invoice:jobs");
    eventually("the other rings them", async || (rung() == "3").then_some(())).await;
    cluster.schedulers[0].goes_on();
    // Longer than a turn: the late one has come to its own by then.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(rung(), "3");
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &promised, 0).await;
}

//! A rolling upgrade: every replica of every role is told to stop and replaced, one after the other, under load.

use super::{auditor::audit, cluster::Cluster, traffic::Traffic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_all_replicas_loses_nothing_and_refuses_nobody() {
    let mut cluster = Cluster::start().await;
    cluster.schedulers.push(cluster.a_scheduler());
    let traffic = Traffic::begin(&cluster, 6);
    for _ in 0..2 {
        cluster.replaces_its_front().await;
        cluster.workers.push(cluster.a_worker());
        cluster.workers.remove(0).stops();
        cluster.schedulers.push(cluster.a_scheduler());
        cluster.schedulers.remove(0).stops();
    }
    let accepted = traffic.end().await;
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a caller has noticed");
    audit(&cluster, &accepted, 0).await;
}

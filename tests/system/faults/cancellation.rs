//! A worker that loses Redis for longer than its lease, and comes back.

use std::time::Duration;

use entity::job::JobState;
use queue::Kind;
use sea_orm::ConnectionTrait;

use super::{
    accepted::Accepted,
    auditor::{audit, jobs_of, open},
    cluster::{Cluster, LEASE_SECONDS},
};
use crate::support::{Line, Proxy, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_cut_off_for_longer_than_its_lease_changes_nothing_any_more() {
    let mut cluster = Cluster::start().await;
    let order = cluster.merchant.opens_an_order("1").await;
    let link = cluster.merchant.makes_a_link(&order).await;
    let line = Proxy::to(cluster.redis.port).await;
    let through_the_line = [("PAYLINK_REDIS_URL", format!("redis://127.0.0.1:{}", line.port))];
    cluster.loses_its_workers();
    cluster.workers.push(cluster.a_worker_with(&through_the_line));
    // The text leaves, and its credits cannot be settled before the worker is parted from Redis.
    let db = open(&cluster.database).await;
    let mut accepted = Accepted::default();
    accepted.link(&link.id);
    let text = cluster.merchant.sends(&link).await;
    accepted.text(&text, &order.phone);
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("SELECT 1 FROM merchant FOR NO KEY UPDATE").await.unwrap();
    let world = cluster.world();
    eventually("the text has left", async || (world.texts_to(&order.phone).await.len() == 1).then_some(())).await;

    line.is(Line::Held);
    tokio::time::sleep(Duration::from_secs(LEASE_SECONDS)).await;
    cluster.workers.push(cluster.a_worker());
    eventually("the other has the job", async || {
        let jobs = jobs_of(&db, Kind::SendSms, JobState::Queued).await;
        jobs.iter().any(|job| job.claims == 2).then_some(())
    })
    .await;
    tx.rollback().await.unwrap();
    cluster.merchant.sees_message(&text, "delivered").await;
    line.is(Line::Open);
    audit(&cluster, &accepted, 0).await;
    assert_eq!(cluster.merchant.ledger().await, ["top_up", "hold", "capture"]);
    let job = jobs_of(&db, Kind::SendSms, JobState::Done).await.pop().unwrap();
    // The text had left before, so that the other found it at the carrier when it looked, or the report had settled it.
    assert_eq!(job.claims, 2, "the other did it, and had to look once");
    assert_eq!(job.crashes, 1, "the silence of the first counts");
}

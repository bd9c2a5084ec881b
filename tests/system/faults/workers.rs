//! Workers that are killed, at each point of a job and at random.

use std::time::Duration;

use chrono::Utc;
use domain::MerchantId;
use entity::job::{Column, Entity, JobState};
use queue::{CheckStripeKey, EnqueueOptions, Kind, enqueue};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{
    accepted::Accepted,
    auditor::{audit, jobs_of, open},
    cluster::Cluster,
    replica::Replica,
    traffic::{Traffic, batch},
};
use crate::support::{Database, Invoice, Link, Order, eventually, fresh_postgresql};

/// An order with a link that can be paid, and what was accepted for that.
async fn a_link(cluster: &Cluster) -> (Order, Link, Accepted) {
    let mut accepted = Accepted::default();
    let order = cluster.merchant.opens_an_order("1").await;
    accepted.orders.push(order.id.clone());
    let link = cluster.merchant.makes_a_link(&order).await;
    accepted.link(&link.id);
    (order, link, accepted)
}

/// Waits until a call to a service hangs.
async fn hangs(cluster: &Cluster, service: &str, path: &str) {
    let world = cluster.world();
    eventually(&format!("a call to {path} hangs"), async || {
        let calls = world.requests(service, "POST", path).await;
        calls.iter().any(|call| call["fault"].is_string()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_after_its_claim_leaves_the_job_to_another() {
    let mut cluster = Cluster::start().await;
    let (order, link, mut accepted) = a_link(&cluster).await;
    cluster.workers.iter().for_each(Replica::freezes);
    accepted.text(&cluster.merchant.sends(&link).await, &order.phone);
    // The notification is claimed, and the row cannot be.
    let db = open(&cluster.database).await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("LOCK TABLE job IN EXCLUSIVE MODE").await.unwrap();
    cluster.workers.iter().for_each(Replica::goes_on);
    eventually("its notification is claimed", async || (cluster.redis.leased("send_sms") == 1).then_some(())).await;

    cluster.loses_its_workers();
    tx.rollback().await.unwrap();
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_before_the_effect_leaves_one() {
    let mut cluster = Cluster::start().await;
    let hang = json!({"service": "stripe", "times": 1, "mode": "hang", "method": "POST"});
    cluster.world().fails(hang).await;
    let order = cluster.merchant.opens_an_order("1").await;
    let mut accepted = Accepted::default();
    accepted.link(&cluster.merchant.uploads(&order, &Invoice::default()).await);
    hangs(&cluster, "stripe", "/v1/payment_links").await;

    cluster.loses_its_workers();
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_after_the_effect_leaves_one() {
    let mut cluster = Cluster::start().await;
    let (order, link, mut accepted) = a_link(&cluster).await;
    for service in ["stripe", "sms"] {
        let hang = json!({"service": service, "times": 1, "mode": "hang_after", "method": "POST"});
        cluster.world().fails(hang).await;
    }
    accepted.text(&cluster.merchant.sends(&link).await, &order.phone);
    let other = cluster.merchant.opens_an_order("2").await;
    accepted.link(&cluster.merchant.uploads(&other, &Invoice::default()).await);
    hangs(&cluster, "stripe", "/v1/payment_links").await;
    hangs(&cluster, "sms", "/Messages.json").await;

    cluster.loses_its_workers();
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_before_its_ack_has_done_the_job() {
    let mut cluster = Cluster::start().await;
    let (order, link, mut accepted) = a_link(&cluster).await;
    cluster.workers.iter().for_each(Replica::freezes);
    let text = cluster.merchant.sends(&link).await;
    accepted.text(&text, &order.phone);
    // The text leaves, and its credits cannot be settled before Redis is away.
    let db = open(&cluster.database).await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("SELECT 1 FROM merchant FOR NO KEY UPDATE").await.unwrap();
    cluster.workers.iter().for_each(Replica::goes_on);
    let world = cluster.world();
    eventually("the text has left", async || (world.texts_to(&order.phone).await.len() == 1).then_some(())).await;
    cluster.redis.is_killed();
    tx.rollback().await.unwrap();
    eventually("its job is done", async || jobs_of(&db, Kind::SendSms, JobState::Done).await.pop()).await;

    cluster.loses_its_workers();
    cluster.redis.comes_up().await;
    assert_eq!(cluster.redis.leased("send_sms"), 1);
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
    let job = jobs_of(&db, Kind::SendSms, JobState::Done).await.pop().unwrap();
    assert_eq!((job.claims, job.crashes), (1, 0), "it was notified again and found the job done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_survives_a_worker_that_is_killed_while_it_waits() {
    let mut cluster = Cluster::start().await;
    let busy =
        json!({"service": "stripe", "times": 1, "mode": "status", "status": 503, "retry_after": 3, "method": "POST"});
    cluster.world().fails(busy).await;
    let order = cluster.merchant.opens_an_order("1").await;
    let mut accepted = Accepted::default();
    accepted.link(&cluster.merchant.uploads(&order, &Invoice::default()).await);
    let db = open(&cluster.database).await;
    let waits = async || {
        let queued = jobs_of(&db, Kind::CreateStripeLink, JobState::Queued).await;
        queued.into_iter().find(|job| job.last_error.is_some())
    };
    let job = eventually("its job waits for the next attempt", waits).await;

    cluster.loses_its_workers();
    cluster.redis.loses_everything();
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
    let done = queue::admin::find(db.pool(), job.id).await.unwrap().unwrap();
    assert_eq!((done.claims, done.crashes), (2, 0));
    assert!(done.finished_at.unwrap() >= job.run_at, "it was tried again before its time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_payload_parks_and_holds_nobody_up() {
    let cluster = Cluster::start().await;
    let db = open(&cluster.database).await;
    let merchant: MerchantId = cluster.merchant.id.parse().unwrap();
    let poison = CheckStripeKey { merchant };
    let enqueued_job =
        enqueue(db.pool(), &poison, EnqueueOptions::for_merchant(merchant), Utc::now()).await.unwrap().unwrap();
    let rewrite = Entity::update_many().col_expr(Column::Payload, Expr::value("not JSON"));
    rewrite.filter(Column::Id.eq(enqueued_job.job)).exec(db.pool()).await.unwrap();
    // It is not notified, but found in the rows.
    let accepted = batch(&cluster, 3).await;
    audit(&cluster, &accepted, 1).await;
    let dead = cluster.runs(&["jobs", "list", "--state", "dead", "--kind", "check_stripe_key", "--error", "expected"]);
    assert!(String::from_utf8_lossy(&dead.stdout).contains(&enqueued_job.job.to_string()), "{dead:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_are_killed_at_random_lose_nothing_and_do_nothing_twice() {
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let mut cluster = Cluster::start_copied(database, &[]).await;
    let traffic = Traffic::begin(&cluster, 4);
    for round in 0..5 {
        tokio::time::sleep(Duration::from_millis(700 + 130 * round)).await;
        cluster.workers.remove(0).is_killed();
        cluster.workers.push(cluster.a_worker());
    }
    let accepted = traffic.end().await;
    audit(&cluster, &accepted, 0).await;
}

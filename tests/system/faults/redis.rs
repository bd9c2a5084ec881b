//! Redis that is killed, flushed, or away.

use std::time::{Duration, Instant};

use reqwest::Method;

use super::{
    accepted::Accepted,
    auditor::audit,
    cluster::Cluster,
    replica::Replica,
    traffic::{Traffic, batch},
};
use crate::support::{CountKeys, Database, Invoice, Proxy, eventually, free_port, fresh_postgresql, order_body};

/// How soon a lost notification is notified again.
const NOTIFIED_AGAIN_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_loses_no_job() {
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let mut cluster = Cluster::start_copied(database, &[]).await;
    let traffic = Traffic::begin(&cluster, 4);
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.redis.is_killed();
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.redis.comes_up().await;
    }
    let accepted = traffic.end().await;
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_flush_has_taken_is_notified_again_within_15_seconds() {
    let mut cluster = Cluster::start().await;
    cluster.workers.iter().for_each(Replica::freezes);
    let mut accepted = Accepted::default();
    for n in 1..=3 {
        let order = cluster.merchant.opens_an_order(&n.to_string()).await;
        accepted.link(&cluster.merchant.uploads(&order, &Invoice::default()).await);
    }
    let since = Instant::now();
    cluster.loses_its_workers();
    cluster.redis.loses_everything();
    eventually("they are notified again", async || (cluster.redis.keys() > 0).then_some(())).await;
    // The scheduler looks every five seconds, and the machine may be busy with other tests.
    assert!(since.elapsed() < NOTIFIED_AGAIN_WITHIN + Duration::from_secs(10), "{:?}", since.elapsed());
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_go_on_while_redis_does_not_answer() {
    let cluster = Cluster::start().await;
    let traffic = Traffic::begin(&cluster, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.redis.freezes();
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.redis.goes_on();
    let accepted = traffic.end().await.and(batch(&cluster, 1).await);
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a command does not need Redis");
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_follows_is_told_of_what_a_front_could_not_publish() {
    let cluster = Cluster::start().await;
    // It leads to nobody.
    let line = Proxy::to(free_port()).await;
    let through_the_line = [("PAYLINK_REDIS_URL", format!("redis://127.0.0.1:{}", line.port))];
    let parted = cluster.starts_front(free_port(), &through_the_line).await;
    let http = &cluster.merchant.http;
    let (mut events, mut told) = (http.request(Method::GET, "/v1/events").send().await.unwrap(), String::new());
    let mut hears = async |words: &[&str]| {
        let hears = async {
            while !words.iter().any(|word| told.contains(word)) {
                told.push_str(core::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_mins(1), hears).await.unwrap();
    };
    hears(&["id:"]).await;
    let url = format!("http://127.0.0.1:{}/v1/orders", parted.port);
    http.ask(http.request(Method::POST, &url).json(&order_body("1", "+12025550123"))).await.with_status(201);
    line.leads_to(cluster.redis.port);
    // If somebody read the feed at once, another front has published it.
    hears(&["resync", "order.updated"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_redis_is_filled_from_the_rows_on_request() {
    let mut cluster = Cluster::start().await;
    cluster.schedulers.clear();
    cluster.workers.iter().for_each(Replica::freezes);
    let order = cluster.merchant.opens_an_order("1").await;
    let mut accepted = Accepted::default();
    accepted.link(&cluster.merchant.uploads(&order, &Invoice::default()).await);
    cluster.loses_its_workers();
    cluster.redis.loses_everything();
    let rebuilt = cluster.runs(&["jobs", "rebuild"]);
    assert!(String::from_utf8_lossy(&rebuilt.stdout).starts_with("1 job was notified"), "{rebuilt:?}");
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
}

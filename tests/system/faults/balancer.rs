//! `HAProxy` in front of two fronts, with the settings that operators are given: everything behind it is restarted, one
//! process after the other, while it is called 50 times a second. In the middle of it Redis' primary dies behind its
//! Sentinels.

use std::{
    collections::BTreeMap,
    env,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::Method;
use tokio::{sync::watch, task::JoinSet, time::interval};

use super::{accepted::Accepted, auditor::audit, cluster::Cluster, traffic::Traffic};
use crate::support::{Database, HaProxy, Merchant, Sentinels, free_port, fresh_postgresql, order_body};

/// How often a call is made, whether those before are answered or not.
const PACE: Duration = Duration::from_millis(20);

/// One call in this many creates an order; the others read.
const READS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_rolling_restart_at_fifty_calls_a_second_refuses_nobody_while_redis_fails_over() {
    let mut redis = Sentinels::start().await;
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let cluster = Cluster::start_on(database, &[("PAYLINK_REDIS_URL", redis.url())]).await;

    nobody_notices(cluster, |_| {}, || redis.servers[0].is_killed()).await;

    assert!(redis.servers[1].is_primary(), "the replica took its place");
}

/// The version before cannot be built here: whoever releases gives its binary by this variable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "PAYLINK_BEFORE names the binary of the version before"]
async fn behind_haproxy_a_rolling_upgrade_at_fifty_calls_a_second_refuses_nobody() {
    let before = env::var_os("PAYLINK_BEFORE").expect("PAYLINK_BEFORE names the binary of the version before");
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let cluster = Cluster::start_of(Path::new(&before), database, &[]).await;

    nobody_notices(cluster, Cluster::gets_this_version, || {}).await;
}

/// Everything behind the balancer is replaced under load, with something before it and something in the middle of it.
async fn nobody_notices(mut cluster: Cluster, first: impl FnOnce(&mut Cluster), in_the_middle: impl FnOnce()) {
    let ports = [cluster.fronts[0].port, free_port()];
    let second = cluster.a_front(ports[1]).await;
    cluster.fronts.push(second);
    let balancer = HaProxy::start(ports).await;
    balancer.sends_to("api2").await;
    cluster.front.leads_to(balancer.port);

    let over = watch::Sender::new(false);
    let calls = tokio::spawn(call_steadily(cluster.merchant.clone(), over.subscribe()));
    let (traffic, begin) = (Traffic::begin(&cluster, 2), Instant::now());
    first(&mut cluster);
    replaces(&mut cluster, &balancer, "api1").await;
    in_the_middle();
    replaces_the_rest(&mut cluster);
    replaces(&mut cluster, &balancer, "api2").await;
    replaces_the_rest(&mut cluster);
    over.send_replace(true);
    let (accepted, called, took) = (traffic.end().await, calls.await.unwrap(), begin.elapsed());
    println!("in {took:.1?} the calls were answered {:?}", called.answers);

    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a merchant has noticed");
    assert_eq!(called.unanswered, [] as [String; 0]);
    assert!(called.answers.keys().all(|status| [200, 201].contains(status)), "{:?}", called.answers);
    // Whoever asks whether a front is ready has it write to Redis, in which there is to be nothing in the end.
    cluster.front.leads_to(ports[0]);
    drop(balancer);
    let opened = Accepted { orders: called.orders, ..Accepted::default() };
    audit(&cluster, &accepted.and(opened), 0).await;
}

/// The oldest front, which the balancer knows by this name, gives its place to another.
pub(super) async fn replaces(cluster: &mut Cluster, balancer: &HaProxy, server: &str) {
    let old = cluster.fronts.remove(0);
    let port = old.port;
    old.is_told_to_stop();
    balancer.sends_nobody_to(server).await;
    old.ends();
    let new = cluster.a_front(port).await;
    cluster.fronts.push(new);
    balancer.sends_to(server).await;
}

/// A worker and a scheduler give their places to others.
fn replaces_the_rest(cluster: &mut Cluster) {
    cluster.workers.push(cluster.a_worker());
    cluster.workers.remove(0).stops();
    cluster.schedulers.push(cluster.a_scheduler());
    cluster.schedulers.remove(0).stops();
}

/// The results of the calls.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// How many were answered with each status.
    pub(super) answers: BTreeMap<u16, usize>,
    pub(super) unanswered: Vec<String>,
    pub(super) orders: Vec<String>,
}

/// Calls without a pause until it is over.
pub(super) async fn call_steadily(merchant: Merchant, is_over: watch::Receiver<bool>) -> Called {
    let (mut pace, mut calls) = (interval(PACE), JoinSet::new());
    for number in 0.. {
        if *is_over.borrow() {
            break;
        }
        pace.tick().await;
        let merchant = merchant.clone();
        calls.spawn(async move { call(&merchant, number).await });
    }
    let mut called = Called::default();
    while let Some(answer) = calls.join_next().await {
        match answer.unwrap() {
            Ok((status, order)) => {
                *called.answers.entry(status).or_default() += 1;
                called.orders.extend(order);
            }
            Err(error) => called.unanswered.push(format!("{error:?}")),
        }
    }
    called
}

/// The status, and the order that was opened.
async fn call(merchant: &Merchant, number: usize) -> reqwest::Result<(u16, Option<String>)> {
    let http = &merchant.http;
    if !number.is_multiple_of(READS) {
        let answer = http.try_ask(http.request(Method::GET, "/v1/orders?limit=5")).await?;
        return Ok((answer.status, None));
    }
    let body = order_body(&format!("B{number}"), "+12025570199");
    let request = http.request(Method::POST, "/v1/orders").json(&body);
    let answer = http.try_ask(request.header("Idempotency-Key", format!("balancer-{number}"))).await?;
    let order = (answer.status == 201).then(|| answer.json()["id"].as_str().unwrap().to_owned());
    Ok((answer.status, order))
}

//! `HAProxy` in front of two fronts, with the settings that operators are given: everything behind it is restarted, one process after
//! the other, while it is called 50 times a second. In the middle of it Redis' primary dies behind its Sentinels.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::Method;
use tokio::{sync::watch, task::JoinSet, time::interval};

use super::{accepted::Accepted, auditor::audit, cluster::Cluster, traffic::Traffic};
use crate::support::{Database, HaProxy, Merchant, Sentinels, free_port, fresh_postgresql, order_body};

/// How often a call is made, whether those before are answered or not.
const PACE: Duration = Duration::from_millis(20);

/// One call in so many opens an order; the others read.
const READS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_rolling_restart_at_fifty_calls_a_second_refuses_nobody_while_redis_fails_over() {
    let mut redis = Sentinels::start().await;
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let mut cluster = Cluster::start_on(database, &[("PAYLINK_REDIS_URL", redis.url())]).await;
    let ports = [cluster.fronts[0].port, free_port()];
    let second = cluster.a_front(ports[1]).await;
    cluster.fronts.push(second);
    let balancer = HaProxy::start(ports).await;
    balancer.sends_to("api2").await;
    cluster.front.leads_to(balancer.port);

    let over = watch::Sender::new(false);
    let calls = tokio::spawn(call_steadily(cluster.merchant.clone(), over.subscribe()));
    let (traffic, begin) = (Traffic::begin(&cluster, 2), Instant::now());
    for server in ["api1", "api2"] {
        let old = cluster.fronts.remove(0);
        let port = old.port;
        old.is_told_to_stop();
        balancer.sends_nobody_to(server).await;
        old.ends();
        let new = cluster.a_front(port).await;
        cluster.fronts.push(new);
        balancer.sends_to(server).await;
        if server == "api1" {
            redis.servers[0].is_killed();
        }
        cluster.workers.push(cluster.a_worker());
        cluster.workers.remove(0).stops();
        cluster.schedulers.push(cluster.a_scheduler());
        cluster.schedulers.remove(0).stops();
    }
    over.send_replace(true);
    let (accepted, called, took) = (traffic.end().await, calls.await.unwrap(), begin.elapsed());
    println!("in {took:.1?} the calls were answered {:?}", called.answers);

    assert!(redis.servers[1].is_primary(), "the replica took its place");
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a merchant has noticed");
    assert_eq!(called.unanswered, [] as [String; 0]);
    assert!(called.answers.keys().all(|status| [200, 201].contains(status)), "{:?}", called.answers);
    cluster.front.leads_to(ports[0]);
    drop(balancer);
    let opened = Accepted { orders: called.orders, ..Accepted::default() };
    audit(&cluster, &accepted.and(opened), 0).await;
}

/// What became of the calls.
#[derive(Debug, Default)]
struct Called {
    /// How many were answered with each status.
    answers: BTreeMap<u16, usize>,
    unanswered: Vec<String>,
    orders: Vec<String>,
}

async fn call_steadily(merchant: Merchant, is_over: watch::Receiver<bool>) -> Called {
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

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
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{interval, sleep},
};

use super::{
    accepted::Accepted,
    auditor::{audit, audit_with},
    cluster::Cluster,
    traffic::Traffic,
};
use crate::support::{Database, HaProxy, Merchant, PROGRAM, Sentinels, free_port, fresh_postgresql, order_body};

/// How often a call is made, whether those before are answered or not.
const PACE: Duration = Duration::from_millis(20);

/// How long a call is sent again.
const PATIENCE: Duration = Duration::from_mins(1);

/// One call in this many creates an order; the others read.
const READS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_rolling_restart_at_fifty_calls_a_second_refuses_nobody_while_redis_fails_over() {
    nobody_notices(Path::new(PROGRAM), |_| {}).await;
}

/// The test itself has only this version: `make upgrade` builds the one before, and gives its binary by this variable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "PAYLINK_BEFORE names the binary of the version before: make upgrade"]
async fn behind_haproxy_a_rolling_upgrade_at_fifty_calls_a_second_refuses_nobody_while_redis_fails_over() {
    let before = env::var_os("PAYLINK_BEFORE").expect("PAYLINK_BEFORE names the binary of the version before");
    nobody_notices(Path::new(&before), Cluster::gets_this_version).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_a_front_that_is_killed_refuses_nothing_but_a_large_upload() {
    let mut cluster = Cluster::start().await;
    let (balancer, _) = is_balanced(&mut cluster).await;
    let over = watch::Sender::new(false);
    let calls = tokio::spawn(call_steadily(cluster.merchant.clone(), over.subscribe()));
    let traffic = Traffic::begin(&cluster, 2);
    for server in ["api1", "api2"] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        is_killed(&mut cluster, &balancer, server).await;
    }
    over.send_replace(true);
    let (accepted, called) = (traffic.end().await, calls.await.unwrap());
    println!(
        "two fronts were killed: the calls were answered {:?}, the slowest after {:.1?}; {} were sent again; the slowest order took {:.1?}",
        called.answers, called.slowest, called.repeated, accepted.slowest
    );

    called.were_all_done();
    assert_eq!(called.repeated, 0, "what the balancer sends again waits until its key is free");
    // What is larger than the balancer's buffer, as an invoice is, cannot be sent to another.
    assert!(accepted.refused + accepted.unanswered <= 2 * 2, "{accepted:?}");
    let opened = Accepted { orders: called.orders, ..Accepted::default() };
    cluster.front.leads_to(cluster.fronts[0].port);
    drop(balancer);
    audit(&cluster, &accepted.and(opened), 0).await;
}

/// A second front, and a balancer before both, through which everybody calls; and their ports.
pub(super) async fn is_balanced(cluster: &mut Cluster) -> (HaProxy, [u16; 2]) {
    let ports = [cluster.fronts[0].port, free_port()];
    let second = cluster.a_front(ports[1]).await;
    cluster.fronts.push(second);
    let balancer = HaProxy::start(ports).await;
    balancer.sends_to("api2").await;
    cluster.front.leads_to(balancer.port);
    (balancer, ports)
}

/// Everything behind the balancer is replaced under load, with something before it; in the middle of it Redis' primary
/// dies.
async fn nobody_notices(program: &Path, first: impl FnOnce(&mut Cluster)) {
    let mut redis = Sentinels::start().await;
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let mut cluster = Cluster::start_of(program, database, &redis.environment()).await;
    let (balancer, ports) = is_balanced(&mut cluster).await;

    let over = watch::Sender::new(false);
    let calls = tokio::spawn(call_steadily(cluster.merchant.clone(), over.subscribe()));
    let (traffic, begin) = (Traffic::begin(&cluster, 2), Instant::now());
    first(&mut cluster);
    replaces(&mut cluster, &balancer, "api1").await;
    redis.servers[0].is_killed();
    replaces_the_rest(&mut cluster);
    replaces(&mut cluster, &balancer, "api2").await;
    replaces_the_rest(&mut cluster);
    over.send_replace(true);
    let (accepted, called, took) = (traffic.end().await, calls.await.unwrap(), begin.elapsed());
    println!(
        "in {took:.1?} the calls were answered {:?}, the slowest after {:.1?}; the slowest order took {:.1?}",
        called.answers, called.slowest, accepted.slowest
    );

    assert!(redis.servers[1].is_primary(), "the replica took its place");
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a merchant has noticed");
    called.were_all_done();
    assert_eq!(called.repeated, 0, "no key was in use");
    // Whoever asks whether a front is ready has it write to Redis, in which there is to be nothing in the end.
    cluster.front.leads_to(ports[0]);
    drop(balancer);
    let opened = Accepted { orders: called.orders, ..Accepted::default() };
    audit_with(&cluster, &redis, &accepted.and(opened), 0).await;
}

/// The oldest front, which the balancer knows by this name, gives its place to another.
pub(super) async fn replaces(cluster: &mut Cluster, balancer: &HaProxy, server: &str) {
    let old = cluster.fronts.remove(0);
    let port = old.port;
    old.is_told_to_stop();
    balancer.sends_nobody_to(server).await;
    old.ends();
    gives_its_place(cluster, balancer, server, port).await;
}

/// The oldest front dies, and another takes its place once the balancer has noticed.
pub(super) async fn is_killed(cluster: &mut Cluster, balancer: &HaProxy, server: &str) {
    let old = cluster.fronts.remove(0);
    let port = old.port;
    old.is_killed();
    balancer.sends_nobody_to(server).await;
    gives_its_place(cluster, balancer, server, port).await;
}

async fn gives_its_place(cluster: &mut Cluster, balancer: &HaProxy, server: &str, port: u16) {
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
    /// How often one was sent again because its key was in use.
    pub(super) repeated: usize,
    /// How long the slowest took.
    pub(super) slowest: Duration,
}

impl Called {
    /// None was refused, and none remained without an answer.
    pub(super) fn were_all_done(&self) {
        assert_eq!(self.unanswered, [] as [String; 0]);
        assert!(self.answers.keys().all(|status| [200, 201].contains(status)), "{:?}", self.answers);
    }
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
            Ok(answer) => {
                *called.answers.entry(answer.status).or_default() += 1;
                called.orders.extend(answer.order);
                called.repeated += answer.repeated;
                called.slowest = called.slowest.max(answer.took);
            }
            Err(error) => called.unanswered.push(format!("{error:?}")),
        }
    }
    called
}

/// How a call was answered.
struct CallAnswer {
    status: u16,
    /// The order that it opened.
    order: Option<String>,
    repeated: usize,
    took: Duration,
}

async fn call(merchant: &Merchant, number: usize) -> reqwest::Result<CallAnswer> {
    let (http, begin, mut repeated) = (&merchant.http, Instant::now(), 0);
    let answer = loop {
        let request = if number.is_multiple_of(READS) {
            let body = order_body(&format!("B{number}"), "+12025570199");
            let request = http.request(Method::POST, "/v1/orders").json(&body);
            request.header("Idempotency-Key", format!("balancer-{number}"))
        } else {
            http.request(Method::GET, "/v1/orders?limit=5")
        };
        let answer = http.try_ask(request).await?;
        // The balancer has sent it to another process, while the one that had it is slow.
        let is_in_use = answer.status == 409 && answer.json()["code"] == "idempotency_key_in_use";
        if !is_in_use || begin.elapsed() > PATIENCE {
            break answer;
        }
        repeated += 1;
        sleep(10 * PACE).await;
    };
    let order = (answer.status == 201).then(|| answer.json()["id"].as_str().unwrap().to_owned());
    Ok(CallAnswer { status: answer.status, order, repeated, took: begin.elapsed() })
}

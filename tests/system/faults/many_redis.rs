//! Redis with Sentinels and as a cluster: a fail-over under traffic loses nothing.

use std::{
    iter,
    time::{Duration, Instant},
};

use reqwest::Method;

use super::{
    accepted::Accepted,
    auditor::audit_with,
    cluster::Cluster,
    traffic::{Traffic, batch},
};
use crate::support::{Database, RIGHTS, RedisCluster, RedisServer, Sentinels, TlsRedis, eventually, fresh_postgresql};

/// How long jobs may stand still around a fail-over that itself takes one to three seconds, on a busy machine.
const STANDS_STILL: Duration = Duration::from_secs(40);

async fn on(environment: &[(&str, String)]) -> Cluster {
    Cluster::start_on(Database::Postgresql { url: fresh_postgresql().await }, environment).await
}

/// The accepted part of one order, and the time from its first command to its text.
async fn one_order(cluster: &Cluster) -> (Accepted, Duration) {
    let begin = Instant::now();
    (batch(cluster, 1).await, begin.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_behind_sentinels_loses_no_job() {
    let mut redis = Sentinels::start().await;
    let cluster = on(&[("PAYLINK_REDIS_URL", redis.url())]).await;
    let traffic = Traffic::begin(&cluster, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    redis.servers[0].is_killed();
    let (first, still) = one_order(&cluster).await;
    assert!(redis.servers[1].is_primary(), "the replica took its place");
    // The old one comes back as a replica, and the new one goes down in turn.
    redis.servers[0].comes_up().await;
    redis.servers[0].follows().await;
    redis.servers[1].is_killed();
    let (second, again) = one_order(&cluster).await;
    eprintln!("an order around the fail-overs took {still:?} and {again:?}");
    assert!(still < STANDS_STILL && again < STANDS_STILL, "{still:?}, {again:?}");
    let accepted = traffic.end().await.and(first).and(second);
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit_with(&cluster, &redis, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_fails_over_and_moves_its_slots_loses_no_job() {
    let mut redis = RedisCluster::start().await;
    let cluster = on(&[("PAYLINK_REDIS_URL", redis.url())]).await;
    let traffic = Traffic::begin(&cluster, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    redis.moves_queue("create_stripe_link").await;
    redis.node_of("send_sms").is_killed();
    let (first, still) = one_order(&cluster).await;
    eprintln!("an order around the fail-over took {still:?}");
    assert!(still < STANDS_STILL, "{still:?}");
    let accepted = traffic.end().await.and(first);
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit_with(&cluster, &redis, &accepted, 0).await;
    // Each node has queues, and one that is full stops those.
    for node in redis.nodes.iter().filter(|node| node.is_primary()) {
        for (memory, word) in [(1, "unavailable"), (0, "ok")] {
            assert_eq!(node.says(&format!("CONFIG SET maxmemory {memory}")), "OK");
            let says = async || (cluster.merchant.http.get("/readyz").await.json()["redis"] == word).then_some(());
            eventually(&format!("Redis is {word}"), says).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_none_of_whose_nodes_is_left_that_the_url_names_is_followed() {
    let mut redis = RedisCluster::start().await;
    let cluster = on(&redis.environment_by_primaries()).await;
    let first = batch(&cluster, 1).await;
    redis.loses_its_primaries().await;
    eventually("all workers listen at the nodes that are left", async || {
        (redis.subscribers_of("paylink:wake") >= cluster.workers.len()).then_some(())
    })
    .await;
    let accepted = batch(&cluster, 2).await.and(first);
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit_with(&cluster, &redis, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_a_cluster_forgets_is_listened_to_no_more_though_it_answers() {
    let mut redis = RedisCluster::start().await;
    let cluster = on(&redis.environment()).await;
    let mut updates = cluster.merchant.http.request(Method::GET, "/v1/events").send().await.unwrap();
    let are_listening = async |redis: &RedisCluster| {
        let (workers, fronts) = (redis.subscribers_of("paylink:wake"), redis.subscribers_of("paylink:live"));
        (workers >= cluster.workers.len() && fronts > 0).then_some(())
    };
    eventually("all listen", async || are_listening(&redis).await).await;
    let forgotten = redis.forgets_the_node_of("paylink:wake").await;
    assert_eq!(forgotten.says("PING"), "PONG");
    eventually("all listen at those that are left", async || are_listening(&redis).await).await;
    let accepted = batch(&cluster, 1).await;
    let mut told = String::new();
    while !told.contains("link.updated") {
        told.push_str(core::str::from_utf8(&updates.chunk().await.unwrap().unwrap()).unwrap());
    }
    audit_with(&cluster, &redis, &accepted, 0).await;
}

/// Nothing was asked for that is not allowed.
fn nothing_was_refused<'a>(cluster: &Cluster, mut servers: impl Iterator<Item = &'a RedisServer>) {
    for refusal in ["no permissions", "refuses to", "cannot be told"] {
        assert!(!cluster.log().contains(refusal), "it asked for what it may not: {}", cluster.log());
    }
    assert!(servers.all(|server| server.says("ACL LOG").is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_with_certificates_on_both_sides_and_a_user_of_few_rights_are_enough_and_a_restart_loses_no_job() {
    let mut redis = TlsRedis::start(RIGHTS).await;
    let cluster = on(&redis.environment()).await;
    let first = batch(&cluster, 4).await;
    nothing_was_refused(&cluster, iter::once(&redis.server));
    let traffic = Traffic::begin(&cluster, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    redis.server.is_killed();
    let away = Instant::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.server.comes_up().await;
    let (second, still) = one_order(&cluster).await;
    eprintln!("Redis with TLS was away for 2 s; an order was through {:?} after its death", away.elapsed());
    assert!(still < STANDS_STILL, "{still:?}");
    let accepted = traffic.end().await.and(first).and(second);
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit_with(&cluster, &redis, &accepted, 0).await;
    nothing_was_refused(&cluster, iter::once(&redis.server));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels_that_ask_who_calls_the_same_rights_are_enough() {
    let mut redis = Sentinels::start_guarded().await;
    let cluster = on(&redis.environment()).await;
    let traffic = Traffic::begin(&cluster, 2);
    let first = batch(&cluster, 1).await;
    redis.lose_their_primary().await;
    let accepted = batch(&cluster, 2).await.and(first).and(traffic.end().await);
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit_with(&cluster, &redis, &accepted, 0).await;
    nothing_was_refused(&cluster, redis.servers.iter());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_that_asks_who_calls_the_same_rights_are_enough() {
    let mut redis = RedisCluster::start_guarded().await;
    let cluster = on(&redis.environment()).await;
    let traffic = Traffic::begin(&cluster, 2);
    let first = batch(&cluster, 1).await;
    redis.loses_the_primary_of("send_sms").await;
    let accepted = batch(&cluster, 2).await.and(first).and(traffic.end().await);
    assert_eq!(accepted.refused, 0, "a command does not need Redis");
    audit_with(&cluster, &redis, &accepted, 0).await;
    nothing_was_refused(&cluster, redis.nodes.iter());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_refuses_is_said_with_what_to_allow() {
    let redis = TlsRedis::start("~paylink:* +@all -@admin -@dangerous").await;
    let cluster = on(&redis.environment()).await;
    let accepted = batch(&cluster, 1).await;
    audit_with(&cluster, &redis, &accepted, 0).await;
    let log = cluster.log();
    for said in ["Redis refuses to", "no permissions", "&<prefix>:*", "+info"] {
        assert!(log.contains(said), "{said} is not in {log}");
    }
    let doctor = String::from_utf8(cluster.runs(&["doctor", "--offline"]).stdout).unwrap();
    assert!(doctor.contains("no permissions") && doctor.contains("ACL SETUSER"), "{doctor}");
}

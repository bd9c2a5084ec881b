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
use crate::support::{
    Database, Http, RIGHTS, RedisCluster, RedisServer, Sentinels, TlsRedis, eventually, free_port, fresh_postgresql,
};

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
    // One of those that the URL names was never there.
    let told = String::from_utf8(cluster.runs(&["doctor", "--offline"]).stdout).unwrap();
    assert!(told.contains("127.0.0.1:1, which the URL of Redis names, does not answer"), "{told}");
    // What a URL of another kind leads to.
    let (sentinel, server) = (redis.port(), redis.servers[0].port);
    for (url, found) in [
        (format!("redis://127.0.0.1:{sentinel}/1"), "sentinel"),
        (format!("redis+cluster://127.0.0.1:1,127.0.0.1:{server}"), "standalone"),
        (format!("redis+sentinel://127.0.0.1:{server}/main"), "standalone"),
    ] {
        another_mode_is_told(&cluster, &url, found).await;
    }
}

/// A worker whose URL is for servers of another mode is not ready. Its start and `doctor` say what the URL is to be.
async fn another_mode_is_told(cluster: &Cluster, url: &str, found: &str) {
    let port = free_port();
    let listens = format!("127.0.0.1:{port}");
    let environment = [("PAYLINK_REDIS_URL", url.to_owned()), ("PAYLINK_METRICS_LISTEN", listens.clone())];
    let said = format!("Redis answers in the mode {found}, and its URL is for the mode");
    let before = cluster.log().matches(&said).count();
    let _worker = cluster.starts(&["worker"], &environment);
    let itself = Http::new(&format!("http://{listens}"), &cluster.hush);
    eventually(&format!("a worker at {url} is not ready"), async || {
        let answer = itself.try_ask(itself.request(Method::GET, "/readyz")).await.ok()?;
        (answer.status == 503 && answer.json()["redis"] == "unavailable").then_some(())
    })
    .await;
    eventually("its start says why", async || (cluster.log().matches(&said).count() > before).then_some(())).await;
    let doctor = cluster.runs_with(&["doctor", "--offline"], &environment[..1]);
    let told = String::from_utf8(doctor.stdout).unwrap();
    assert!(!doctor.status.success() && told.contains(&said) && !told.contains("ACL SETUSER"), "{told}");
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
    // The node that has the key by which a single server is tried has only some of the queues.
    let node = redis.node_of("paylink:usable").port;
    another_mode_is_told(&cluster, &format!("redis://127.0.0.1:{node}"), "cluster").await;
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

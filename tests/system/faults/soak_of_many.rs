//! The long run on an installation of many boxes: Redis behind Sentinels, `PgBouncer` before `PostgreSQL`, `HAProxy`
//! before the fronts. It is called fifty times a second while everything is replaced or killed at random, and clients
//! notice nothing: a front or a worker is stopped, a worker or a scheduler dies, Redis' primary dies again and again.
//!
//! `PAYLINK_SOAK_SECONDS` is the duration, `PAYLINK_SOAK_SEED` the order: the printed seed replays it.

use std::{
    env,
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::sync::watch;

use super::{
    accepted::Accepted,
    auditor::audit,
    balancer::{call_steadily, replaces},
    cluster::Cluster,
    traffic::Traffic,
};
use crate::support::{Database, HaProxy, OwnPostgres, PgBouncer, Pools, Sentinels, eventually, free_port};

/// The faults.
#[derive(Clone, Copy, Debug)]
enum Change {
    FrontReplaced,
    WorkerReplaced,
    WorkerKilled,
    SchedulerReplaced,
    SchedulerKilled,
    PrimaryKilled,
}

/// Each once at first, then at random.
const ALL: [Change; 6] = [
    Change::FrontReplaced,
    Change::PrimaryKilled,
    Change::WorkerReplaced,
    Change::WorkerKilled,
    Change::SchedulerReplaced,
    Change::SchedulerKilled,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes two minutes: make soak"]
async fn everything_is_replaced_behind_sentinels_a_pooler_and_a_balancer_and_nobody_notices() {
    let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds = number("PAYLINK_SOAK_SECONDS").unwrap_or(120);
    let seed = number("PAYLINK_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("soak of many: {seconds} s, PAYLINK_SOAK_SEED={seed}");
    let mut many = Many::start(seed).await;

    let over = watch::Sender::new(false);
    let calls = tokio::spawn(call_steadily(many.cluster.merchant.clone(), over.subscribe()));
    let (traffic, begin) = (Traffic::begin(&many.cluster, 3), Instant::now());
    let (mut changes, mut first) = (0, ALL.into_iter());
    while begin.elapsed() < Duration::from_secs(seconds) {
        let change = first.next().unwrap_or_else(|| ALL[many.dice.usize(..ALL.len())]);
        println!("soak of many: {change:?}");
        many.is_changed(change).await;
        changes += 1;
        tokio::time::sleep(Duration::from_millis(many.dice.u64(200..1_500))).await;
    }
    over.send_replace(true);
    let (accepted, called) = (traffic.end().await, calls.await.unwrap());
    println!(
        "soak of many: {changes} changes, {} of them the death of a primary; {} orders, {} links and {} texts were accepted; the calls were \
         answered {:?}",
        many.primaries,
        accepted.orders.len() + called.orders.len(),
        accepted.links.len(),
        accepted.texts.len(),
        called.answers,
    );

    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a merchant has noticed");
    assert_eq!(called.unanswered, [] as [String; 0]);
    assert!(called.answers.keys().all(|status| [200, 201].contains(status)), "{:?}", called.answers);
    let Many { cluster, redis, balancer, .. } = many;
    // Whoever asks whether a front is ready has it write to Redis, in which there is to be nothing in the end.
    cluster.front.leads_to(cluster.fronts[0].port);
    drop(balancer);
    let opened = Accepted { orders: called.orders, ..Accepted::default() };
    audit(&cluster, &accepted.and(opened), 0).await;
    eventually("Redis holds nothing any more", async || {
        let primary = redis.servers.iter().find(|server| server.is_primary())?;
        primary.says("-n 1 --scan").is_empty().then_some(())
    })
    .await;
    println!("soak of many: all that was accepted was done, once");
}

struct Many {
    cluster: Cluster,
    balancer: HaProxy,
    redis: Sentinels,
    /// How often a primary has died.
    primaries: usize,
    /// Which of its servers the balancer has kept for longest.
    next_front: usize,
    dice: Rng,
    _pooler: PgBouncer,
    _server: OwnPostgres,
}

impl Many {
    async fn start(seed: u64) -> Self {
        let redis = Sentinels::start().await;
        let server = OwnPostgres::of_its_own();
        let direct = server.fresh_database().await;
        let pools = if PgBouncer::knows_prepared_statements() { Pools::Transactions } else { Pools::Sessions };
        println!("soak of many: PgBouncer pools {pools:?}");
        let pooler = PgBouncer::start(&server, pools).await;
        let database = Database::Postgresql { url: pooler.url(&direct) };
        let mut cluster = Cluster::start_on(database, &[("PAYLINK_REDIS_URL", redis.url())]).await;
        let ports = [cluster.fronts[0].port, free_port()];
        let second = cluster.a_front(ports[1]).await;
        cluster.fronts.push(second);
        cluster.schedulers.push(cluster.a_scheduler());
        let balancer = HaProxy::start(ports).await;
        balancer.sends_to("api2").await;
        cluster.front.leads_to(balancer.port);
        let dice = Rng::with_seed(seed);
        Self { cluster, balancer, redis, primaries: 0, next_front: 0, dice, _pooler: pooler, _server: server }
    }

    async fn is_changed(&mut self, change: Change) {
        let cluster = &mut self.cluster;
        match change {
            Change::FrontReplaced => {
                let name = ["api1", "api2"][self.next_front];
                self.next_front = 1 - self.next_front;
                replaces(cluster, &self.balancer, name).await;
            }
            Change::WorkerReplaced => {
                cluster.workers.push(cluster.a_worker());
                cluster.workers.remove(0).stops();
            }
            Change::WorkerKilled => {
                cluster.workers.remove(0).is_killed();
                cluster.workers.push(cluster.a_worker());
            }
            Change::SchedulerReplaced => {
                cluster.schedulers.push(cluster.a_scheduler());
                cluster.schedulers.remove(0).stops();
            }
            Change::SchedulerKilled => {
                cluster.schedulers.remove(0).is_killed();
                cluster.schedulers.push(cluster.a_scheduler());
            }
            Change::PrimaryKilled => self.primary_dies().await,
        }
    }

    /// The other server takes its place; the old one comes back as its replica.
    async fn primary_dies(&mut self) {
        let servers = &mut self.redis.servers;
        let primary = usize::from(!servers[0].is_primary());
        let replica = 1 - primary;
        servers[primary].is_killed();
        eventually("the replica takes its place", async || servers[replica].is_primary().then_some(())).await;
        servers[primary].comes_up().await;
        eventually("the old primary follows the new one", async || {
            servers[primary].says("INFO replication").contains("master_link_status:up").then_some(())
        })
        .await;
        self.primaries += 1;
    }
}

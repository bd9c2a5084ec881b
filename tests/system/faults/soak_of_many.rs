//! The long run on an installation of many boxes: Redis behind Sentinels or as a cluster, `PgBouncer` before a
//! PostgreSQL with a standby, or TLS to Redis and to PostgreSQL, `HAProxy` before the fronts. It is called fifty times a
//! second while everything is replaced or killed at random, and clients notice nothing: a front, a worker or a scheduler
//! is stopped or dies, or one with a wrong clock takes its place; Redis' primary dies again and again. Then the database
//! dies, its standby is promoted, and everything else happens once more: now calls are refused for a moment, and nothing
//! is lost.
//!
//! `PAYLINK_SOAK_SECONDS` is the duration, `PAYLINK_SOAK_SEED` the order, which Redis it is, and whether all speaks TLS:
//! the printed seed replays it.

use std::{
    env,
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::sync::watch;

use super::{
    accepted::Accepted,
    auditor::audit_with,
    balancer::{call_steadily, is_balanced, is_killed, replaces},
    cluster::Cluster,
    traffic::{Traffic, batch},
};
use crate::support::{
    CountKeys, Database, HaProxy, PgBouncer, Pools, PostgresPair, Proxy, RedisCluster, Sentinels, WrongClock,
};

#[derive(Clone, Copy, Debug)]
enum Change {
    FrontReplaced,
    FrontKilled,
    WorkerReplaced,
    WorkerKilled,
    SchedulerReplaced,
    SchedulerKilled,
    PrimaryKilled,
    ClockSet,
}

/// Each once at first, then at random.
const ALL: [Change; 8] = [
    Change::FrontReplaced,
    Change::PrimaryKilled,
    Change::WorkerReplaced,
    Change::ClockSet,
    Change::WorkerKilled,
    Change::FrontKilled,
    Change::SchedulerReplaced,
    Change::SchedulerKilled,
];

/// How many people sell at once.
const PEOPLE: usize = 3;

/// The clocks of whoever has a wrong one.
const CLOCKS: [&str; 4] = ["+1h", "-1h", "+3d", "-3d"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes three minutes: make soak"]
async fn everything_is_replaced_and_dies_on_many_boxes_and_nobody_notices_but_a_promotion() {
    let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds = number("PAYLINK_SOAK_SECONDS").unwrap_or(120);
    let seed = number("PAYLINK_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("soak of many: {seconds} s, PAYLINK_SOAK_SEED={seed}");
    let mut many = Many::start(seed).await;

    let unnoticed = many.changes_for(Duration::from_secs(seconds)).await;
    // An upload that is larger than the balancer's buffer cannot be sent to another when its front dies.
    let uploads = PEOPLE * many.fronts_killed;
    assert!(unnoticed.refused + unnoticed.unanswered <= uploads, "a merchant has noticed: {unnoticed:?}");
    let noticed = many.is_promoted_while_everything_changes().await;

    let Many { cluster, redis, balancer, .. } = many;
    // Whoever asks whether a front is ready has it write to Redis, in which there is to be nothing in the end.
    cluster.front.leads_to(cluster.fronts[0].port);
    drop(balancer);
    audit_with(&cluster, &redis, &unnoticed.and(noticed), 0).await;
    println!("soak of many: all that was accepted was done, once");
}

/// What carries the jobs.
enum Redis {
    Sentinels(Sentinels),
    Cluster(RedisCluster),
}

impl Redis {
    /// The guarded ones ask who calls, over TLS.
    async fn start(is_cluster: bool, is_guarded: bool) -> Self {
        match (is_cluster, is_guarded) {
            (true, false) => Self::Cluster(RedisCluster::start().await),
            (true, true) => Self::Cluster(RedisCluster::start_guarded().await),
            (false, false) => Self::Sentinels(Sentinels::start().await),
            (false, true) => Self::Sentinels(Sentinels::start_guarded().await),
        }
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sentinels(sentinels) => sentinels.environment(),
            Self::Cluster(cluster) => cluster.environment(),
        }
    }

    /// A primary dies; its replica takes its place, and it comes back as the replica of that.
    async fn loses_a_primary(&mut self) {
        match self {
            Self::Sentinels(sentinels) => sentinels.lose_their_primary().await,
            Self::Cluster(cluster) => cluster.loses_the_primary_of("send_sms").await,
        }
    }
}

impl CountKeys for Redis {
    fn keys(&self) -> usize {
        match self {
            Self::Sentinels(sentinels) => sentinels.keys(),
            Self::Cluster(cluster) => cluster.keys(),
        }
    }
}

struct Many {
    cluster: Cluster,
    balancer: HaProxy,
    redis: Redis,
    /// Of those that have a wrong one.
    clocks: Vec<WrongClock>,
    /// Which of its servers the balancer has kept for longest.
    next_front: usize,
    fronts_killed: usize,
    dice: Rng,
    /// The way from the pooler to the primary.
    way: Proxy,
    databases: PostgresPair,
    _pooler: Option<PgBouncer>,
}

impl Many {
    async fn start(seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let (is_cluster, speaks_tls) = (dice.bool(), dice.bool());
        let redis = Redis::start(is_cluster, speaks_tls).await;
        let databases = PostgresPair::start().await;
        let way = Proxy::to(databases.primary).await;
        let direct = PostgresPair::url(way.port);
        let (url, pooler) = if speaks_tls {
            let authority = databases.speaks_tls().await;
            (format!("{direct}?sslmode=verify-full&sslrootcert={}", authority.display()), None)
        } else {
            let pools = if PgBouncer::knows_prepared_statements() { Pools::Transactions } else { Pools::Sessions };
            println!("soak of many: PgBouncer pools {pools:?}");
            let pooler = PgBouncer::before(&format!("127.0.0.1 port={}", way.port), pools).await;
            (pooler.url(&direct), Some(pooler))
        };
        println!("soak of many: {:?}, {url}", redis.environment());
        let mut cluster = Cluster::start_on(Database::Postgresql { url }, &redis.environment()).await;
        cluster.schedulers.push(cluster.a_scheduler());
        let (balancer, _) = is_balanced(&mut cluster).await;
        let (clocks, next_front, fronts_killed) = (Vec::new(), 0, 0);
        Self { cluster, balancer, redis, clocks, next_front, fronts_killed, dice, way, databases, _pooler: pooler }
    }

    /// Everything changes at random while people sell and calls are made, of which none is refused.
    async fn changes_for(&mut self, time: Duration) -> Accepted {
        let over = watch::Sender::new(false);
        let calls = tokio::spawn(call_steadily(self.cluster.merchant.clone(), over.subscribe()));
        let (traffic, begin) = (Traffic::begin(&self.cluster, PEOPLE), Instant::now());
        let (mut changes, mut first) = (0, ALL.into_iter());
        while begin.elapsed() < time {
            let change = first.next().unwrap_or_else(|| ALL[self.dice.usize(..ALL.len())]);
            println!("soak of many: {change:?}");
            self.is_changed(change).await;
            changes += 1;
            tokio::time::sleep(Duration::from_millis(self.dice.u64(200..1_500))).await;
        }
        over.send_replace(true);
        let (accepted, called) = (traffic.end().await, calls.await.unwrap());
        println!(
            "soak of many: {changes} changes; {} orders, {} links and {} texts were accepted, the slowest order took {:.1?}; the calls were \
             answered {:?}, the slowest after {:.1?}, and {} were sent again",
            accepted.orders.len() + called.orders.len(),
            accepted.links.len(),
            accepted.texts.len(),
            accepted.slowest,
            called.answers,
            called.slowest,
            called.repeated,
        );
        called.were_all_done();
        accepted.and(Accepted { orders: called.orders, ..Accepted::default() })
    }

    /// The database dies and its standby takes its place, while everything else changes once more.
    async fn is_promoted_while_everything_changes(&mut self) -> Accepted {
        self.cluster.commits_were_lost = true;
        let (traffic, begin) = (Traffic::begin(&self.cluster, PEOPLE), Instant::now());
        self.databases.loses_its_primary();
        self.way.leads_to(self.databases.standby);
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.databases.promotes();
        let first = batch(&self.cluster, 1).await;
        println!("soak of many: an order was through {:.1?} after the database's death", begin.elapsed());
        for change in ALL {
            println!("soak of many: {change:?}");
            self.is_changed(change).await;
        }
        let accepted = traffic.end().await.and(first);
        println!("soak of many: {} calls were refused, {} not answered", accepted.refused, accepted.unanswered);
        accepted
    }

    async fn is_changed(&mut self, change: Change) {
        let cluster = &mut self.cluster;
        match change {
            Change::FrontReplaced => {
                let name = self.oldest_front();
                replaces(&mut self.cluster, &self.balancer, name).await;
            }
            Change::FrontKilled => {
                let name = self.oldest_front();
                is_killed(&mut self.cluster, &self.balancer, name).await;
                self.fronts_killed += 1;
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
            Change::PrimaryKilled => self.redis.loses_a_primary().await,
            Change::ClockSet => self.clock_is_set(),
        }
    }

    /// A worker and a scheduler give their places to others whose clocks are wrong.
    fn clock_is_set(&mut self) {
        let clock = WrongClock::by(CLOCKS[self.dice.usize(..CLOCKS.len())]);
        let cluster = &mut self.cluster;
        cluster.workers.push(cluster.starts(&["worker"], &clock.environment()));
        cluster.workers.remove(0).stops();
        cluster.schedulers.push(cluster.starts(&["scheduler"], &clock.environment()));
        cluster.schedulers.remove(0).stops();
        self.clocks.push(clock);
    }

    fn oldest_front(&mut self) -> &'static str {
        let name = ["api1", "api2"][self.next_front];
        self.next_front = 1 - self.next_front;
        name
    }
}

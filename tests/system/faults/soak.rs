//! The long run, by `make soak`: all faults at once, at random, for minutes; then the auditor.
//!
//! `PAYLINK_SOAK_SECONDS` is the duration, `PAYLINK_SOAK_SEED` the order of faults: the printed seed replays it.
//! `PAYLINK_SOAK_PLANT=forgotten` plants a bug that the run must find: see [`forgets_what_was_claimed`].

use std::{
    env,
    time::{Duration, Instant},
};

use entity::job::JobState;
use fastrand::Rng;
use nix::sys::signal::Signal;
use queue::Kind;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{
    auditor::{audit, jobs_of, open},
    cluster::{Cluster, LEASE_SECONDS},
    database::cut_all_connections,
    replica::Replica,
    traffic::Traffic,
    watch::Watch,
};
use crate::support::{Database, Invoice, Line, OwnPostgres, Proxy, SmallDisk, eventually};

#[derive(Clone, Copy, Debug)]
enum Fault {
    WorkerKilled,
    WorkerStopped,
    WorkerCutOff,
    /// All workers die, and with Redis' memory whatever says which jobs they had in hand.
    WorkersAndRedisLost,
    FrontReplaced,
    SchedulerFrozen,
    RedisKilled,
    RedisFlushed,
    RedisAway,
    DatabaseRestarted,
    ConnectionsCut,
    DatabaseFull,
    StoreFull,
    RedisFull,
    StripeFails,
    CarrierIsBusy,
}

/// How often each happens: of killed workers there are most.
const URN: [Fault; 24] = [
    Fault::WorkerKilled,
    Fault::WorkerKilled,
    Fault::WorkerKilled,
    Fault::WorkerKilled,
    Fault::WorkerKilled,
    Fault::WorkerKilled,
    Fault::WorkerStopped,
    Fault::WorkerStopped,
    Fault::WorkerCutOff,
    Fault::WorkersAndRedisLost,
    Fault::WorkersAndRedisLost,
    Fault::FrontReplaced,
    Fault::SchedulerFrozen,
    Fault::RedisKilled,
    Fault::RedisFlushed,
    Fault::RedisAway,
    Fault::DatabaseRestarted,
    Fault::ConnectionsCut,
    Fault::DatabaseFull,
    Fault::DatabaseFull,
    Fault::StoreFull,
    Fault::RedisFull,
    Fault::StripeFails,
    Fault::CarrierIsBusy,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes five minutes: make soak"]
async fn everything_at_once() {
    let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds = number("PAYLINK_SOAK_SECONDS").unwrap_or(300);
    let seed = number("PAYLINK_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("soak: {seconds} s, PAYLINK_SOAK_SEED={seed}");
    // Where nothing can be mounted, they are never full.
    let (disk, store) = (SmallDisk::mounted(), SmallDisk::mounted());
    let server = disk.map_or_else(OwnPostgres::of_its_own, OwnPostgres::on);
    let environment: Vec<(&str, String)> =
        store.iter().map(|store| ("PAYLINK_STORE_URL", format!("file://{}", store.path().display()))).collect();
    let database = Database::Postgresql { url: server.fresh_database().await };
    let cluster = Cluster::start_copied(database, &environment).await;
    let (line, dice) = (Proxy::to(cluster.redis.port).await, Rng::with_seed(seed));
    let mut soak = Soak { cluster, server, disk, store, line, dice };
    soak.cluster.schedulers.push(soak.cluster.a_scheduler());
    if env::var("PAYLINK_SOAK_PLANT").is_ok_and(|plant| plant == "forgotten") {
        forgets_what_was_claimed(&mut soak.cluster).await;
    }
    let (traffic, mut watch) = (Traffic::begin(&soak.cluster, 6), Watch::begin(&soak.cluster).await);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut count = 0;
    while Instant::now() < end {
        let (pause, fault) = (soak.dice.u64(300..2_500), URN[soak.dice.usize(..URN.len())]);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        println!("soak: {fault:?}");
        soak.cluster.starts_again_who_ended();
        soak.strikes(fault).await;
        soak.the_world_changes_its_pace().await;
        watch.has_found_nothing();
        count += 1;
    }
    soak.the_world_is_quick().await;
    // Last, Redis stays away for a minute, as the short form does for three seconds.
    println!("soak: Redis is away for a minute");
    soak.redis_is_away(Duration::from_mins(1)).await;
    let accepted = watch.during(traffic.end()).await;
    println!(
        "soak: {count} faults; {} orders, {} links and {} texts were accepted; {} calls were refused, {} not answered",
        accepted.orders.len(),
        accepted.links.len(),
        accepted.texts.len(),
        accepted.refused,
        accepted.unanswered,
    );
    watch.during(audit(&soak.cluster, &accepted, 0)).await;
    watch.end().await;
    println!("soak: all that was accepted was done, once");
}

/// From now on the schedulers see no job that was claimed before, and so never notify one of those again: a mistake
/// that needs no other program. A job whose worker died with Redis' memory, or that waited for its next attempt then,
/// lies for ever.
async fn forgets_what_was_claimed(cluster: &mut Cluster) {
    let Database::Postgresql { url } = &cluster.database else { unreachable!("roles apart need a server") };
    let url = url.replacen("paylink@", "forgetful@", 1);
    let db = open(&cluster.database).await;
    for statement in [
        "CREATE ROLE forgetful LOGIN",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO forgetful",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO forgetful",
        "ALTER TABLE job ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY never_claimed ON job TO forgetful USING (attempt = 0) WITH CHECK (true)",
    ] {
        db.pool().execute_unprepared(statement).await.unwrap();
    }
    cluster.has_schedulers_with(&[("PAYLINK_DATABASE_URL", url)]);
}

/// The watch of the soak finds what it is there for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes a minute: make soak"]
async fn a_job_that_is_forgotten_is_named_while_it_lies() {
    let server = OwnPostgres::of_its_own();
    let mut cluster = Cluster::start_on(Database::Postgresql { url: server.fresh_database().await }, &[]).await;
    forgets_what_was_claimed(&mut cluster).await;
    let busy =
        json!({"service": "stripe", "times": 1, "mode": "status", "status": 503, "retry_after": 3, "method": "POST"});
    cluster.world().fails(busy).await;
    let order = cluster.merchant.opens_an_order("1").await;
    let link = cluster.merchant.uploads(&order, &Invoice::default()).await;
    let db = open(&cluster.database).await;
    eventually("its job waits for the next attempt", async || {
        let queued = jobs_of(&db, Kind::CreateStripeLink, JobState::Queued).await;
        queued.into_iter().find(|job| job.last_error.is_some())
    })
    .await;
    cluster.loses_its_workers();
    cluster.redis.loses_everything();
    cluster.workers.push(cluster.a_worker());

    let found = Watch::begin(&cluster).await.finds().await;

    assert!(found.contains("Redis does not know it") && found.contains("create_stripe_link"), "{found}");
    assert_eq!(cluster.merchant.link(&link).await["status"], "creating");
}

struct Soak {
    cluster: Cluster,
    server: OwnPostgres,
    /// On which the database is.
    disk: Option<&'static SmallDisk>,
    /// On which the documents are.
    store: Option<&'static SmallDisk>,
    /// To Redis, for a worker that is to be parted from it.
    line: Proxy,
    dice: Rng,
}

impl Soak {
    async fn strikes(&mut self, fault: Fault) {
        let cluster = &mut self.cluster;
        match fault {
            Fault::WorkerKilled => {
                cluster.workers.remove(0).is_killed();
                cluster.workers.push(cluster.a_worker());
            }
            Fault::WorkerStopped => {
                cluster.workers.push(cluster.a_worker());
                cluster.workers.remove(0).stops();
            }
            Fault::WorkerCutOff => self.a_worker_is_cut_off().await,
            Fault::WorkersAndRedisLost => {
                cluster.loses_its_workers();
                cluster.redis.loses_everything();
                for _ in 0..2 {
                    cluster.workers.push(cluster.a_worker());
                }
            }
            Fault::FrontReplaced => cluster.replaces_its_front().await,
            Fault::SchedulerFrozen => {
                let scheduler = cluster.schedulers.remove(0);
                scheduler.freezes();
                tokio::time::sleep(Duration::from_secs(6)).await;
                scheduler.goes_on();
                cluster.schedulers.push(scheduler);
            }
            Fault::RedisKilled => {
                cluster.redis.is_killed();
                tokio::time::sleep(Duration::from_millis(self.dice.u64(..2_000))).await;
                cluster.redis.comes_up().await;
            }
            Fault::RedisFlushed => cluster.redis.loses_everything(),
            Fault::RedisAway => self.redis_is_away(Duration::from_secs(3)).await,
            Fault::DatabaseRestarted => {
                let signal = if self.dice.bool() { Signal::SIGQUIT } else { Signal::SIGINT };
                cluster.commits_were_lost = true;
                self.server.is_restarted_by(signal);
            }
            Fault::ConnectionsCut => {
                cluster.commits_were_lost = true;
                cut_all_connections(open(&cluster.database).await.pool()).await;
            }
            Fault::DatabaseFull => {
                cluster.commits_were_lost = true;
                if let Some(disk) = self.disk {
                    disk.is_full_for(Duration::from_millis(self.dice.u64(200..3_000))).await;
                }
                self.server.is_up_again();
            }
            Fault::StoreFull => {
                if let Some(store) = self.store {
                    store.is_full_for(Duration::from_millis(self.dice.u64(200..3_000))).await;
                }
            }
            Fault::RedisFull => {
                cluster.redis.is_full();
                tokio::time::sleep(Duration::from_millis(self.dice.u64(200..3_000))).await;
                cluster.redis.has_room();
            }
            Fault::StripeFails => {
                let fault = match self.dice.u8(0..3) {
                    0 => json!({"service": "stripe", "times": 3, "mode": "status", "status": 503, "method": "POST"}),
                    1 => json!({"service": "stripe", "times": 3, "mode": "status_after", "method": "POST"}),
                    _ => json!({"service": "stripe", "times": 3, "mode": "reset_after", "method": "POST"}),
                };
                cluster.world().fails(fault).await;
            }
            // Whatever else it may do leaves texts of which nobody knows, though no worker died over them.
            Fault::CarrierIsBusy => {
                let busy = json!({"service": "sms", "times": 3, "mode": "status", "status": 429, "retry_after": 2, "method": "POST"});
                cluster.world().fails(busy).await;
            }
        }
    }

    /// Stripe and the carrier answer and report at once, or take their time. A worker that dies has calls of all kinds
    /// in hand then, and no report says what became of a text before the next worker has to know it.
    async fn the_world_changes_its_pace(&mut self) {
        let world = self.cluster.world();
        for service in ["stripe", "sms"] {
            let delay = [0, 0, 600, 2_000][self.dice.usize(..4)];
            world.does("slow", json!({"service": service, "delay_ms": delay})).await;
            let (delay, twice) = ([0, 0, 1_500, 9_000][self.dice.usize(..4)], self.dice.bool());
            let manner = json!({"service": service, "delay_ms": delay, "duplicate": twice, "shuffle": true});
            world.does("webhooks", manner).await;
        }
    }

    async fn the_world_is_quick(&self) {
        for service in ["stripe", "sms"] {
            self.cluster.world().does("slow", json!({"service": service, "delay_ms": 0})).await;
            self.cluster.world().does("webhooks", json!({"service": service})).await;
        }
    }

    async fn redis_is_away(&self, time: Duration) {
        self.cluster.redis.freezes();
        tokio::time::sleep(time).await;
        self.cluster.redis.goes_on();
    }

    async fn a_worker_is_cut_off(&mut self) {
        let through_the_line = [("PAYLINK_REDIS_URL", format!("redis://127.0.0.1:{}", self.line.port))];
        self.cluster.workers.push(self.cluster.a_worker_with(&through_the_line));
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.line.is(Line::Held);
        tokio::time::sleep(Duration::from_secs(2 * LEASE_SECONDS)).await;
        self.line.is(Line::Open);
        let one_too_many: Replica = self.cluster.workers.remove(0);
        one_too_many.stops();
    }
}

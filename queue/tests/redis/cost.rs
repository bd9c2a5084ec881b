//! What a job costs Redis: the same however long the queue is, and nothing once it is done.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use queue::redis::{Ack, BackendOptions, Depth, DueJob, RedisQueues};
use uuid::Uuid;

use crate::support::{Log, Redis, Running, depth, due_job, eventually, options, push};

/// The number that a line `name:` of a section of `INFO` holds, or the `field=` of it.
async fn info(redis: &Redis, section: &str, name: &str, field: Option<&str>) -> f64 {
    let info: String = redis.ask(&format!("INFO {section}")).await;
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let line = line.unwrap_or_else(|| panic!("INFO has no {name}"));
    let number = match field {
        Some(field) => line.split(',').find_map(|part| part.strip_prefix(field)?.strip_prefix('=')),
        None => Some(line),
    };
    number.and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("INFO has no number in {line}"))
}

/// The microseconds of Redis that a job takes from its claim to its end, over 500 jobs of a queue with `backlog` more.
async fn micros_of_a_job(backlog: usize) -> f64 {
    const HANDLED: usize = 500;
    let redis = Redis::start().await;
    let queues = redis.queues();
    let lane = Uuid::now_v7();
    let jobs: Vec<DueJob> = (0..HANDLED + backlog).map(|_| due_job(lane)).collect();
    push(&queues, &jobs).await;
    redis.ask::<()>("CONFIG RESETSTAT").await;

    let log = Log::closed();
    let worker = Running::done(&queues, options(5), &log);
    log.let_through(HANDLED);
    let waiting = backlog as u64 - 5;
    eventually("they are done", async || {
        depth(&queues).await == Depth { ready: waiting, leased: 5, ..Depth::default() }
    })
    .await;
    let micros = info(&redis, "commandstats", "cmdstat_evalsha", Some("usec")).await;
    worker.abort();
    micros / 500.0
}

#[tokio::test]
async fn a_claim_costs_the_same_however_long_the_backlog() {
    let (short, long) = (micros_of_a_job(100).await, micros_of_a_job(50_000).await);
    // To look through 50,000 jobs for each would take milliseconds; what Redis counts has its waits for a processor in
    // it.
    assert!(long < 4.0 * short + 500.0, "{short:.0} µs behind 100 jobs, {long:.0} µs behind 50,000");
}

/// Handles 2,000 jobs: some are snoozed, some are pushed for later, all of them twice.
async fn ten_minutes_of_traffic(queues: &RedisQueues) {
    const JOBS: usize = 2_000;
    let log = Log::open();
    let options = BackendOptions { poll: Duration::from_millis(20), ..options(20) };
    let worker = Running::start(queues, options, &log, |delivery| {
        let snooze = delivery.number == 1 && delivery.job.as_u128() % 10 == 0;
        Ok(if snooze { Ack::Later(Utc::now()) } else { Ack::Done })
    });
    let soon = Utc::now() + TimeDelta::milliseconds(50);
    let lanes: Vec<Uuid> = (0..200).map(|_| Uuid::now_v7()).collect();
    let jobs: Vec<DueJob> =
        (0..JOBS).map(|n| DueJob { at: (n % 5 == 0).then_some(soon), ..due_job(lanes[n % lanes.len()]) }).collect();
    for page in jobs.chunks(500) {
        push(queues, page).await;
        push(queues, page).await;
    }
    eventually("all are done", async || depth(queues).await == Depth::default()).await;
    assert!(log.len() >= JOBS);
    worker.stop().await;
}

#[tokio::test]
async fn an_hour_of_traffic_leaves_redis_where_it_was() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    // What Redis keeps for a first job is not what is looked for: scripts, buffers, connections.
    ten_minutes_of_traffic(&queues).await;
    let keys = redis.ask::<u64>("DBSIZE").await;
    let before = info(&redis, "memory", "used_memory", None).await;
    for _ in 0..6 {
        ten_minutes_of_traffic(&queues).await;
    }
    assert_eq!(redis.ask::<u64>("DBSIZE").await, keys);
    let after = info(&redis, "memory", "used_memory", None).await;
    // 12,000 jobs that were left behind would take 3 MB.
    assert!(after < before + 300_000.0, "{before} bytes before, {after} after");
}

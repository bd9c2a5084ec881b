//! Trouble: handlers that fail, a Redis that comes and goes, entries that nobody can read.

use std::io;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use queue::redis::{Ack, BackendOptions, Depth, DueJob, RedisQueues};
use uuid::Uuid;

use crate::support::{Log, QUEUE, Redis, Running, depth, due_job, eventually, id, listens, options, push};

async fn push_one(queues: &RedisQueues) -> DueJob {
    let due_job = due_job(Uuid::now_v7());
    push(queues, &[due_job]).await;
    due_job
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_has_its_job_notified_again_and_the_worker_goes_on() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let worker = Running::start(&queues, options(1), &log, |delivery| match delivery.lane.as_u128() {
        1 => Err(io::Error::other("the handler fails")),
        2 => panic!("the handler panics"),
        _ => Ok(Ack::Done),
    });
    let [fails, panics, works] = [1, 2, 3].map(|lane| due_job(Uuid::from_u128(lane)));
    push(&queues, &[fails, panics, works]).await;
    eventually("the third is done", async || depth(&queues).await == Depth { due: 2, ..Depth::default() }).await;
    assert_eq!(log.jobs(), [fails.job, panics.job, works.job]);
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_survives_whatever_happens_to_redis() {
    let mut redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let worker = Running::done(&queues, options(2), &log);
    push_one(&queues).await;
    eventually("it works at first", async || log.len() == 1).await;

    redis.ask::<()>("FLUSHALL").await;
    push_one(&queues).await;
    eventually("it works after a flush", async || log.len() == 2).await;

    redis.ask::<()>("SCRIPT FLUSH").await;
    push_one(&queues).await;
    eventually("it works after the scripts are gone", async || log.len() == 3).await;

    redis.ask::<u32>("CLIENT KILL TYPE pubsub").await;
    redis.ask::<u32>("CLIENT KILL TYPE normal").await;
    push_one(&queues).await;
    eventually("it works after its connections were cut", async || log.len() == 4).await;

    redis.kill();
    redis.is_missed().await;
    assert!(!worker.has_ended());
    redis.come_up().await;
    push_one(&queues).await;
    eventually("it works after a kill and a restart", async || log.len() == 5).await;
    worker.stop().await;
    assert_eq!(redis.ask::<u64>("DBSIZE").await, 0);
}

#[tokio::test]
async fn a_worker_that_starts_before_redis_works_when_it_comes() {
    let mut redis = Redis::away();
    let queues = redis.queues();
    let log = Log::open();
    let worker = Running::done(&queues, options(2), &log);
    redis.is_missed().await;
    assert!(!worker.has_ended());
    redis.come_up().await;
    push_one(&queues).await;
    eventually("it works", async || log.len() == 1).await;
    worker.stop().await;
}

#[tokio::test]
async fn answers_given_while_redis_is_away_count_when_it_is_back() {
    let mut redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let worker = Running::done(&queues, options(5), &log);
    for _ in 0..5 {
        push_one(&queues).await;
    }
    eventually("all are handled", async || log.len() == 5).await;
    redis.kill();
    log.let_through(5);
    redis.is_missed().await;
    redis.come_up().await;
    eventually("all are done", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.len(), 5);
    worker.stop().await;
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_put_aside_and_holds_nobody_up() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let key = |name: &str| format!("paylink:{{{QUEUE}}}:{name}");
    let (good, unreadable) = (due_job(Uuid::now_v7()), due_job(Uuid::now_v7()));
    let lane = good.lane;
    redis.ask::<u32>(&format!("HSET {} not-an-id r0 err r1 {} gibberish", key("jobs"), id(unreadable))).await;
    redis
        .ask::<u32>(&format!("RPUSH {} not-an-id err {} unknown", key(&format!("ready:{lane}")), id(unreadable)))
        .await;
    redis.ask::<u32>(&format!("RPUSH {} {lane} nobody", key("lanes"))).await;
    push(&queues, &[good]).await;

    let log = Log::open();
    let worker = Running::done(&queues, options(10), &log);
    eventually("three are put aside and one is done", async || {
        depth(&queues).await == Depth { dead: 3, ..Depth::default() }
    })
    .await;
    assert_eq!(log.jobs(), [good.job]);
    worker.stop().await;
    let keys: Vec<String> = redis.ask("KEYS *").await;
    assert_eq!(keys, [key("dead")]);
}

#[tokio::test]
async fn a_job_that_lost_its_place_is_found_again() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let later = DueJob { at: Some(Utc::now() + TimeDelta::days(1)), ..due_job(Uuid::now_v7()) };
    let ready: Vec<DueJob> = (0..150).map(|n| due_job(Uuid::from_u128(n % 2))).collect();
    push(&queues, &ready).await;
    push(&queues, &[later]).await;
    for key in ["lanes", "due", "ready:00000000-0000-0000-0000-000000000000"] {
        redis.ask::<u32>(&format!("DEL paylink:{{{QUEUE}}}:{key}")).await;
    }
    let log = Log::open();
    let poll = Duration::from_millis(20);
    let worker = Running::done(&queues, BackendOptions { poll, ..options(10) }, &log);
    eventually("all are done", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.len(), 151);
    worker.stop().await;
}

#[tokio::test]
async fn a_wake_up_that_is_lost_is_made_good_by_the_poll() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let poll = Duration::from_millis(50);
    let worker = Running::done(&queues, BackendOptions { poll, ..options(1) }, &log);
    listens(&redis).await;
    // Pushed by somebody who forgets to wake us.
    let job = due_job(Uuid::now_v7());
    redis.ask::<u32>(&format!("HSET paylink:{{{QUEUE}}}:jobs {} r0", id(job))).await;
    redis.ask::<u32>(&format!("RPUSH paylink:{{{QUEUE}}}:ready:{} {}", job.lane, id(job))).await;
    redis.ask::<u32>(&format!("RPUSH paylink:{{{QUEUE}}}:lanes {}", job.lane)).await;
    eventually("it is handled", async || log.jobs() == [job.job]).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_does_not_hammer_a_redis_that_is_broken() {
    let redis = Redis::away();
    // It takes every connection and cuts it.
    let broken = tokio::net::UnixListener::bind(redis.socket()).expect("the socket is free");
    let worker = Running::done(&redis.queues(), options(1), &Log::open());
    let begun = Instant::now();
    for _ in 0..30 {
        broken.accept().await.expect("somebody dials");
    }
    // Without a pause between attempts this would be a matter of milliseconds.
    assert!(begun.elapsed() > Duration::from_secs(1));
    assert!(!worker.has_ended());
    worker.stop().await;
}

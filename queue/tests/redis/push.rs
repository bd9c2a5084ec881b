//! Pushing jobs: each is delivered once, now or later, and never for longer than a caller can wait.

use chrono::{TimeDelta, Utc};
use domain::Clock;
use queue::redis::{Depth, DueJob, QueueError, RedisQueues};
use uuid::Uuid;

use crate::support::{Log, QUEUE, Redis, Running, depth, due_job, eventually, listens, options, push, soon};

const ANSWERS: &str = "Redis answers";

#[tokio::test]
async fn a_push_wakes_a_waiting_worker() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let worker = Running::done(&queues, options(1), &log);
    listens(&redis).await;

    for n in 1..=3 {
        queues.push(QUEUE, &[due_job(Uuid::now_v7())]).await.unwrap();
        // It polls once in an hour: only a wake-up can bring the job.
        eventually("it is handled", async || log.len() == n).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_second_ring_of_a_queued_job_costs_nothing() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let lane = Uuid::now_v7();
    let handled = due_job(lane);
    let log = Log::closed();
    let worker = Running::done(&queues, options(1), &log);
    assert_eq!(push(&queues, &[handled]).await, 1);
    eventually("it is handled", async || log.len() == 1).await;

    let ready = due_job(lane);
    let due = DueJob { at: Some(Utc::now() + TimeDelta::days(1)), ..due_job(lane) };
    assert_eq!(push(&queues, &[ready, due, ready]).await, 2);

    let before = depth(&queues).await;
    assert_eq!(before, Depth { ready: 1, due: 1, leased: 1, dead: 0 });
    let sooner = DueJob { at: Some(Utc::now() + TimeDelta::hours(1)), ..due };
    assert_eq!(push(&queues, &[handled, ready, sooner]).await, 0);
    assert_eq!(depth(&queues).await, before);

    log.let_through(2);
    eventually("both are handled", async || depth(&queues).await == Depth { due: 1, ..Depth::default() }).await;
    assert_eq!(log.jobs(), [handled.job, ready.job]);
    worker.stop().await;
}

#[tokio::test]
async fn a_job_for_later_starts_when_it_is_due_and_not_before() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let worker = Running::done(&queues, options(4), &log);
    let at = Utc::now() + TimeDelta::milliseconds(500);
    // The later one first, so that the worker has to be woken for an earlier one.
    let later = DueJob { at: Some(at + TimeDelta::days(1)), ..due_job(Uuid::now_v7()) };
    let sooner = DueJob { at: Some(at), ..due_job(Uuid::now_v7()) };
    push(&queues, &[later]).await;
    push(&queues, &[sooner]).await;

    eventually("the sooner is handled", async || log.len() >= 1).await;
    assert!(Utc::now() >= at, "it started before its time");
    eventually("the later waits", async || depth(&queues).await == Depth { due: 1, ..Depth::default() }).await;
    assert_eq!(log.jobs(), [sooner.job]);
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_waits_and_is_notified_for_now_waits_no_longer() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let due = DueJob { at: Some(Utc::now() + TimeDelta::days(1)), ..due_job(Uuid::now_v7()) };
    push(&queues, &[due]).await;
    let log = Log::open();
    let worker = Running::done(&queues, options(1), &log);
    eventually("it waits", async || depth(&queues).await == Depth { due: 1, ..Depth::default() }).await;

    // As when the clock of this Redis was a day ahead while the job was pushed first.
    assert_eq!(push(&queues, &[DueJob { at: None, ..due }]).await, 0, "it was known");
    eventually("it is handled", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.jobs(), [due.job]);
    worker.stop().await;
}

#[tokio::test]
async fn when_a_job_is_due_does_not_depend_on_the_clock_of_redis() {
    let redis = Redis::start().await;
    // For Redis, this process is a day behind, or Redis a day ahead.
    let yesterday = Utc::now() - TimeDelta::days(1);
    let queues = redis.queues_at(Clock::stopped_at(yesterday));
    let later = DueJob { at: Some(yesterday + TimeDelta::hours(1)), ..due_job(Uuid::now_v7()) };
    let now = DueJob { at: Some(yesterday), ..due_job(Uuid::now_v7()) };
    assert_eq!(push(&queues, &[later, now]).await, 2);
    assert_eq!(depth(&queues).await, Depth { ready: 1, due: 1, ..Depth::default() });
}

#[tokio::test]
async fn a_time_that_has_passed_is_now() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let past = DueJob { at: Some(Utc::now() - TimeDelta::days(1)), ..due_job(Uuid::now_v7()) };
    push(&queues, &[past]).await;
    assert_eq!(depth(&queues).await.ready, 1);
}

#[tokio::test]
async fn a_backlog_of_50_000_due_jobs_drains() {
    let redis = Redis::start().await;
    // How fast a disk is that others use too is of no interest here.
    redis.ask::<()>("CONFIG SET appendfsync no").await;
    let queues = redis.queues();
    let lane = Uuid::now_v7();
    let at = Some(Utc::now() + TimeDelta::days(1));
    let due: Vec<DueJob> = (0..50_000).map(|_| DueJob { at, ..due_job(lane) }).collect();
    assert_eq!(push(&queues, &due).await, 50_000);
    assert_eq!(depth(&queues).await.due, 50_000);
    let due = format!("paylink:{{{QUEUE}}}:due");
    redis.ask::<u32>(&format!("ZUNIONSTORE {due} 1 {due} WEIGHTS 0")).await;

    let log = Log::open();
    let worker = Running::done(&queues, options(50), &log);
    eventually("all are handled", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.len(), 50_000);
    worker.stop().await;
}

#[tokio::test]
async fn a_forgotten_job_is_gone_whatever_its_state() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let lane = Uuid::now_v7();
    let handled = due_job(lane);
    let log = Log::closed();
    let worker = Running::done(&queues, options(1), &log);
    push(&queues, &[handled]).await;
    eventually("it is handled", async || log.len() == 1).await;
    let ready = due_job(lane);
    let due = DueJob { at: Some(Utc::now() + TimeDelta::days(1)), ..due_job(lane) };
    let kept = due_job(lane);
    push(&queues, &[ready, due, kept]).await;

    for job in [handled.job, ready.job, due.job] {
        assert!(queues.forget(QUEUE, job, lane).await.expect(ANSWERS));
        assert!(!queues.forget(QUEUE, job, lane).await.expect(ANSWERS));
    }
    assert_eq!(depth(&queues).await, Depth { ready: 1, ..Depth::default() });

    log.let_through(2);
    eventually("the other one is handled", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.jobs(), [handled.job, kept.job]);
    worker.stop().await;
    assert_eq!(redis.ask::<u64>("DBSIZE").await, 0);
}

#[tokio::test]
async fn a_job_that_was_forgotten_and_notified_again_runs_once() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let twice = due_job(Uuid::now_v7());
    push(&queues, &[twice]).await;
    assert!(queues.forget(QUEUE, twice.job, twice.lane).await.expect(ANSWERS));
    assert_eq!(push(&queues, &[twice]).await, 1);

    let log = Log::open();
    let worker = Running::done(&queues, options(5), &log);
    eventually("the list is used up", async || redis.ask::<u64>("DBSIZE").await == 0).await;
    worker.stop().await;
    assert_eq!(log.jobs(), [twice.job]);
}

#[tokio::test]
async fn a_redis_that_is_away_fails_the_caller_until_it_comes() {
    let mut redis = Redis::away();
    let queues = redis.queues();
    let early = due_job(Uuid::now_v7());
    let refused = soon(queues.push(QUEUE, &[early])).await;
    assert!(matches!(refused, Err(QueueError::Redis(_))), "{refused:?}");
    assert!(queues.ping().await.is_err());

    redis.come_up().await;
    assert_eq!(push(&queues, &[early]).await, 1);
    redis.kill();
    redis.come_up().await;
    // The connection is dead and nobody has noticed: the caller does not have to.
    assert_eq!(push(&queues, &[early]).await, 0);
}

#[tokio::test]
async fn a_redis_that_hangs_does_not_hang_the_caller() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    queues.ping().await.expect(ANSWERS);
    redis.ask::<()>("CLIENT PAUSE 60000 ALL").await;
    let hung = soon(queues.push(QUEUE, &[due_job(Uuid::now_v7())])).await;
    assert!(matches!(hung, Err(QueueError::TimedOut(_))), "{hung:?}");
}

#[tokio::test]
async fn what_cannot_be_a_url_or_a_prefix_is_refused_at_once() {
    for url in ["", "localhost", "http://localhost", "redis+magic://localhost"] {
        assert!(matches!(RedisQueues::open(url, "paylink", Clock::system()), Err(QueueError::Url(_))), "{url}");
    }
    for prefix in ["", "pay{link", "}", "*"] {
        let opened = RedisQueues::open("redis://localhost", prefix, Clock::system());
        assert!(matches!(opened, Err(QueueError::Prefix(_))), "{prefix}");
    }
}

#[tokio::test]
async fn two_installations_do_not_hear_each_other() {
    let redis = Redis::start().await;
    let (ours, theirs) =
        (redis.queues(), RedisQueues::open(&redis.url(), "other", Clock::system()).expect("the URL is right"));
    let log = Log::open();
    let worker = Running::done(&ours, options(1), &log);
    theirs.push(QUEUE, &[due_job(Uuid::now_v7())]).await.unwrap();
    let own = due_job(Uuid::now_v7());
    push(&ours, &[own]).await;
    eventually("ours is handled", async || depth(&ours).await == Depth::default()).await;
    assert_eq!(log.jobs(), [own.job]);
    assert_eq!(depth(&theirs).await.ready, 1);
    worker.stop().await;
}

//! Leases: a job belongs to one worker while that worker lives, and to another soon after.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use queue::redis::{Ack, BackendOptions, Depth, DueJob};
use uuid::Uuid;

use crate::support::{Log, QUEUE, Redis, Running, depth, due_job, eventually, id, options, push};

/// Ends the lease of a job, as if its worker had not been able to renew it.
async fn let_lapse(redis: &Redis, due_job: DueJob) {
    let lapsed: u32 = redis.ask(&format!("ZADD paylink:{{{QUEUE}}}:leases XX CH 1 {}", id(due_job))).await;
    assert_eq!(lapsed, 1, "it was leased");
}

fn looking_often(slots: usize) -> BackendOptions {
    BackendOptions { poll: Duration::from_millis(20), ..options(slots) }
}

#[tokio::test]
async fn a_lease_is_renewed_for_as_long_as_the_handler_takes() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let (log, other_log) = (Log::closed(), Log::open());
    let lease = Duration::from_millis(1500);
    let worker = Running::done(&queues, BackendOptions { lease, ..options(1) }, &log);
    let job = due_job(Uuid::now_v7());
    push(&queues, &[job]).await;
    eventually("it is handled", async || log.len() == 1).await;

    let expiry = async || redis.ask::<f64>(&format!("ZSCORE paylink:{{{QUEUE}}}:leases {}", id(job))).await;
    let first = expiry().await;
    let other = Running::done(&queues, looking_often(1), &other_log);
    // Twice its life later, while another worker looks for what has lapsed all the time.
    eventually("it is renewed again and again", async || expiry().await > first + 3000.0).await;
    assert_eq!(other_log.len(), 0);

    log.let_through(1);
    eventually("it is done", async || depth(&queues).await == Depth::default()).await;
    assert_eq!((log.len(), other_log.len()), (1, 0));
    worker.stop().await;
    other.stop().await;
}

#[test]
fn a_crash_counts_as_an_attempt() {
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let (doomed, alive) = (runtime(), runtime());
    let redis = alive.block_on(Redis::start());
    let job = due_job(Uuid::now_v7());
    doomed.block_on(async {
        let queues = redis.queues();
        let log = Log::closed();
        let lease = Duration::from_millis(200);
        let _worker = Running::done(&queues, BackendOptions { lease, ..options(1) }, &log);
        push(&queues, &[job]).await;
        eventually("it is handled", async || log.len() == 1).await;
    });
    // All its tasks stop where they are, as in a crash: nothing is given back.
    doomed.shutdown_background();

    alive.block_on(async {
        let queues = redis.queues();
        let log = Log::open();
        let worker = Running::done(&queues, looking_often(1), &log);
        eventually("it is handled again", async || log.len() == 1).await;
        assert_eq!(log.all()[0].job, job.job);
        assert_eq!(log.all()[0].lane, job.lane);
        assert_eq!(log.all()[0].number, 2);
        worker.stop().await;
        assert_eq!(redis.ask::<u64>("DBSIZE").await, 0);
    });
}

#[tokio::test]
async fn the_late_ack_of_a_worker_that_lost_its_lease_is_fenced() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let (slow, fast) = (Log::closed(), Log::closed());
    let slow_worker = Running::done(&queues, options(1), &slow);
    let job = due_job(Uuid::now_v7());
    push(&queues, &[job]).await;
    eventually("the slow one has it", async || slow.len() == 1).await;
    let_lapse(&redis, job).await;
    let tomorrow = Utc::now() + TimeDelta::days(1);
    let fast_worker = Running::start(&queues, looking_often(1), &fast, move |_| Ok(Ack::Later(tomorrow)));
    eventually("the other has it", async || fast.len() == 1).await;
    assert_eq!(fast.all()[0].number, 2);

    slow.let_through(1);
    slow_worker.stop().await;
    assert_eq!(depth(&queues).await, Depth { leased: 1, ..Depth::default() });

    fast.let_through(1);
    eventually("the other's answer counts", async || depth(&queues).await == Depth { due: 1, ..Depth::default() })
        .await;
    fast_worker.stop().await;
}

#[tokio::test]
async fn a_worker_that_claims_its_own_lapsed_job_does_not_run_it_beside_itself() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let worker = Running::done(&queues, looking_often(5), &log);
    let job = due_job(Uuid::now_v7());
    push(&queues, &[job]).await;
    eventually("it is handled", async || log.len() == 1).await;
    let_lapse(&redis, job).await;
    let entry = format!("HGET paylink:{{{QUEUE}}}:jobs {}", id(job));
    eventually("it is claimed again", async || redis.ask::<String>(&entry).await.starts_with("l2")).await;

    log.let_through(1);
    eventually("its answer counts", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn prefetch_is_bounded_by_the_free_slots() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let jobs: Vec<DueJob> = (0..10).map(|_| due_job(Uuid::now_v7())).collect();
    push(&queues, &jobs).await;
    let worker = Running::done(&queues, looking_often(3), &log);
    for (finish, handled) in [(0, 3), (1, 4), (2, 6), (3, 9)] {
        log.let_through(finish);
        eventually("the free slots are filled", async || log.len() == handled).await;
        let ready = 10 - handled as u64;
        eventually("no slot is free", async || depth(&queues).await.leased == 3).await;
        assert_eq!(depth(&queues).await, Depth { ready, leased: 3, ..Depth::default() });
    }
    log.let_through(10);
    eventually("all are done", async || depth(&queues).await == Depth::default()).await;
    worker.stop().await;
}

#[tokio::test]
async fn jobs_that_take_longer_than_their_lease_are_not_run_by_two_healthy_workers() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let lease = Duration::from_millis(1500);
    let workers = [2, 2].map(|slots| Running::done(&queues, BackendOptions { lease, ..looking_often(slots) }, &log));
    let jobs: Vec<DueJob> = (0..12).map(|_| due_job(Uuid::now_v7())).collect();
    push(&queues, &jobs).await;
    eventually("every slot is taken", async || log.len() == 4).await;
    let expiries = async || {
        let leases = format!("ZRANGE paylink:{{{QUEUE}}}:leases 0 -1 WITHSCORES");
        let leases = redis.ask::<Vec<(String, f64)>>(&leases).await;
        leases.into_iter().map(|(_, expiry)| expiry).collect::<Vec<f64>>()
    };
    // More jobs wait than there are slots, and those that are handled take twice as long as a lease lasts.
    let much_later = expiries().await.into_iter().fold(0.0, f64::max) + lease.as_secs_f64() * 2000.0;
    eventually("all are renewed again and again", async || {
        let expiries = expiries().await;
        expiries.len() == 4 && expiries.into_iter().all(|expiry| expiry > much_later)
    })
    .await;
    assert_eq!(log.len(), 4);

    log.let_through(jobs.len());
    eventually("all are done", async || depth(&queues).await == Depth::default()).await;
    let handled: HashSet<Uuid> = log.jobs().into_iter().collect();
    assert_eq!((log.len(), handled.len()), (jobs.len(), jobs.len()));
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn workers_that_share_a_queue_share_the_jobs() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let workers: Vec<Running> = (0..3).map(|_| Running::done(&queues, options(10), &log)).collect();
    let lanes: Vec<Uuid> = (0..7).map(|_| Uuid::now_v7()).collect();
    let jobs: Vec<DueJob> = (0..3000).map(|n| due_job(lanes[n % lanes.len()])).collect();
    for page in jobs.chunks(100) {
        push(&queues, page).await;
    }
    eventually("all are done", async || depth(&queues).await == Depth::default()).await;
    for worker in workers {
        worker.stop().await;
    }
    let handled: HashSet<Uuid> = log.jobs().into_iter().collect();
    assert_eq!((log.len(), handled.len()), (jobs.len(), jobs.len()));
    assert!(log.all().iter().all(|delivery| delivery.number == 1));
}

#[tokio::test]
async fn a_job_that_waits_is_notified_again_at_its_time() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let soon = Utc::now() + TimeDelta::milliseconds(300);
    let worker = Running::start(&queues, options(1), &log, move |delivery| {
        Ok(if delivery.number == 1 { Ack::Later(soon) } else { Ack::Done })
    });
    let job = due_job(Uuid::now_v7());
    push(&queues, &[job]).await;
    // The worker polls once in an hour: it knows the time by itself.
    eventually("it is handled again", async || log.len() == 2).await;
    assert!(Utc::now() >= soon);
    assert_eq!(log.all()[1].number, 2);
    worker.stop().await;
    assert_eq!(redis.ask::<u64>("DBSIZE").await, 0);
}

#[tokio::test]
async fn with_50_000_jobs_of_one_merchant_queued_anothers_first_is_next() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let (crowded, other) = (Uuid::now_v7(), Uuid::now_v7());
    let crowd: Vec<DueJob> = (0..50_000).map(|_| due_job(crowded)).collect();
    assert_eq!(push(&queues, &crowd).await, 50_000);
    let log = Log::closed();
    let worker = Running::done(&queues, options(4), &log);
    eventually("every slot is taken", async || log.len() == 4).await;

    let first = due_job(other);
    push(&queues, &[first]).await;
    log.let_through(4);
    eventually("the next four are handled", async || log.len() == 8).await;
    assert!(log.jobs()[4..].contains(&first.job));
    worker.abort();
}

#[tokio::test]
async fn lanes_take_turns_and_each_keeps_its_order() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let (a, b) = (Uuid::now_v7(), Uuid::now_v7());
    let jobs = [due_job(a), due_job(a), due_job(a), due_job(b), due_job(b)];
    push(&queues, &jobs).await;
    let log = Log::open();
    let worker = Running::done(&queues, options(1), &log);
    eventually("all are done", async || depth(&queues).await == Depth::default()).await;
    assert_eq!(log.jobs(), [0, 3, 1, 4, 2].map(|n| jobs[n].job));
    worker.stop().await;
}

#[tokio::test]
async fn nothing_is_left_behind_by_jobs_that_are_done() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let worker = Running::start(&queues, options(10), &log, |delivery| {
        if delivery.number == 1 && delivery.job.as_u128() % 3 == 0 {
            return Ok(Ack::Later(Utc::now()));
        }
        Ok(Ack::Done)
    });
    let soon = Utc::now() + TimeDelta::milliseconds(50);
    let jobs: Vec<DueJob> =
        (0..1000).map(|n| DueJob { at: (n % 2 == 0).then_some(soon), ..due_job(Uuid::now_v7()) }).collect();
    push(&queues, &jobs).await;
    eventually("no key remains", async || redis.ask::<u64>("DBSIZE").await == 0).await;
    assert!(log.len() >= 1000);
    worker.stop().await;
    assert_eq!(redis.ask::<u64>("DBSIZE").await, 0);
}

//! The end of a worker: what it was at is finished, what it held is given back, and nothing of it remains.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{Monitor, Task, WorkerBuilder, WorkerContext};
use queue::redis::{Ack, BackendOptions, Delivery, Depth, DueJob, RedisBackend};
use tower::{Layer, Service};
use uuid::Uuid;

use crate::support::{Log, QUEUE, Redis, Running, depth, due_job, eventually, id, options, push, soon};

#[tokio::test]
async fn a_worker_can_stop_while_redis_is_away() {
    let mut redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let worker = Running::done(&queues, options(1), &log);
    push(&queues, &[due_job(Uuid::now_v7())]).await;
    eventually("it is handled", async || log.len() == 1).await;
    redis.kill();
    worker.ask_to_stop();
    log.let_through(1);
    worker.ended().await;
}

#[tokio::test]
async fn a_stop_with_200_jobs_in_flight_ends_when_they_do_and_leaves_no_trace_of_the_worker() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let worker = Running::done(&queues, options(200), &log);
    let jobs: Vec<DueJob> = (0..500).map(|_| due_job(Uuid::now_v7())).collect();
    push(&queues, &jobs).await;
    eventually("every slot is taken", async || log.len() == 200).await;

    worker.ask_to_stop();
    log.let_through(100);
    eventually("half of them are done", async || depth(&queues).await.leased == 100).await;
    assert!(!worker.has_ended());
    log.let_through(100);
    worker.ended().await;
    assert_eq!(depth(&queues).await, Depth { ready: 300, ..Depth::default() });
    assert_eq!(log.len(), 200);

    for job in &jobs {
        queues.forget(QUEUE, job.job, job.lane).await.expect("Redis answers");
    }
    let keys: Vec<String> = redis.ask("KEYS *").await;
    let only_lists = |key: &String| key.contains(":ready:") || key.ends_with(":lanes");
    assert!(keys.iter().all(only_lists), "{keys:?}");
}

/// A service that takes one job in its life, so that the others stay claimed and not started.
#[derive(Clone)]
struct Once<S> {
    inner: S,
    taken: bool,
}

#[derive(Clone)]
struct OnceLayer;

impl<S> Layer<S> for OnceLayer {
    type Service = Once<S>;

    fn layer(&self, inner: S) -> Once<S> {
        Once { inner, taken: false }
    }
}

impl<S: Service<Task<Delivery>>> Service<Task<Delivery>> for Once<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // Nobody needs to wake us: it never will be ready again.
        if self.taken { Poll::Pending } else { self.inner.poll_ready(cx) }
    }

    fn call(&mut self, task: Task<Delivery>) -> S::Future {
        self.taken = true;
        self.inner.call(task)
    }
}

#[tokio::test]
async fn what_was_claimed_and_not_started_goes_back_to_the_head_on_a_stop() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let lane = Uuid::now_v7();
    let jobs: Vec<DueJob> = (0..6).map(|_| due_job(lane)).collect();
    push(&queues, &jobs).await;
    let log = Log::closed();
    let context = WorkerContext::new("once");
    let handler = log.clone();
    let worker = WorkerBuilder::new(&context)
        .backend(RedisBackend::new(queues.clone(), QUEUE, options(4)))
        .layer(OnceLayer)
        .build(move |delivery: Delivery| {
            let log = handler.clone();
            async move {
                log.handle(delivery).await;
                Ok::<_, io::Error>(Ack::Done)
            }
        });
    let running = tokio::spawn(worker.run());
    eventually("one is started and three wait", async || {
        depth(&queues).await == Depth { ready: 2, leased: 4, ..Depth::default() } && log.len() == 1
    })
    .await;

    context.stop().expect("it runs");
    log.let_through(1);
    soon(running).await.expect("it does not panic").expect("it ends well");
    assert_eq!(depth(&queues).await, Depth { ready: 5, ..Depth::default() });
    let order: Vec<String> = redis.ask(&format!("LRANGE paylink:{{{QUEUE}}}:ready:{lane} 0 -1")).await;
    let expected: Vec<String> = jobs[1..].iter().copied().map(id).collect();
    assert_eq!(order, expected);
}

#[tokio::test]
async fn a_worker_that_is_dropped_has_its_jobs_notified_again() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::closed();
    let worker = Running::done(&queues, options(3), &log);
    for _ in 0..3 {
        push(&queues, &[due_job(Uuid::now_v7())]).await;
    }
    eventually("all are handled", async || log.len() == 3).await;
    worker.abort();
    eventually("none is held any more", async || depth(&queues).await == Depth { due: 3, ..Depth::default() }).await;
}

#[tokio::test]
async fn it_runs_under_a_monitor_with_apalis_own_middleware_until_that_is_told_to_stop() {
    let redis = Redis::start().await;
    let queues = redis.queues();
    let log = Log::open();
    let (factory_queues, factory_log) = (queues.clone(), log.clone());
    let monitor = Monitor::new().register(move |_| {
        let log = factory_log.clone();
        WorkerBuilder::new("monitored")
            .backend(RedisBackend::new(factory_queues.clone(), QUEUE, BackendOptions::default()))
            .timeout(Duration::from_secs(20))
            .catch_panic()
            .build(move |delivery: Delivery| {
                let log = log.clone();
                async move {
                    log.handle(delivery).await;
                    assert!(delivery.lane.as_u128() != 1, "this one panics");
                    Ok::<_, io::Error>(Ack::Done)
                }
            })
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(monitor.run_with_signal(async move { stopped.await.map_err(io::Error::other) }));
    let jobs = [1, 2, 3].map(|lane| due_job(Uuid::from_u128(lane)));
    push(&queues, &jobs).await;
    eventually("two are done and one waits", async || depth(&queues).await == Depth { due: 1, ..Depth::default() })
        .await;
    stop.send(()).expect("it runs");
    soon(running).await.expect("it does not panic").expect("it ends well");
    assert_eq!(log.len(), 3);
}

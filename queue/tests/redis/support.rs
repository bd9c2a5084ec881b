//! A Redis of the test's own, and workers on it.

use std::future::Future;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apalis_core::error::WorkerError;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use domain::Clock;
use queue::redis::{Ack, BackendOptions, Delivery, Depth, DueJob, RedisBackend, RedisQueues};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) const QUEUE: &str = "send_sms";
/// Long enough that nothing a test sees can be due to a poll.
pub(crate) const NEVER: Duration = Duration::from_hours(1);

/// A `redis-server` on a socket in a folder of its own; it ends with the test.
pub(crate) struct Redis {
    folder: PathBuf,
    child: Option<Child>,
}

impl Redis {
    /// Where one would be, without starting it.
    pub(crate) fn away() -> Self {
        let folder = std::env::temp_dir().join(format!("notification-{}", Uuid::now_v7()));
        std::fs::create_dir(&folder).expect("a folder for Redis");
        Self { folder, child: None }
    }

    pub(crate) async fn start() -> Self {
        let mut redis = Self::away();
        redis.come_up().await;
        redis
    }

    pub(crate) async fn come_up(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        self.child = Some(child);
        eventually("Redis is up", async || {
            let queues = self.queues();
            queues.ping().await.is_ok()
        })
        .await;
    }

    /// Kills it as a power cut would (SIGKILL).
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it was running");
            child.wait().expect("it was our child");
            std::fs::remove_file(self.socket()).expect("a killed server leaves its socket");
        }
    }

    /// While it is away: waits until somebody has called twice in vain.
    pub(crate) async fn is_missed(&self) {
        let nobody = UnixListener::bind(self.socket()).expect("it is away");
        for _ in 0..2 {
            soon(nobody.accept()).await.expect("somebody calls");
        }
        std::fs::remove_file(self.socket()).expect("it was bound");
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub(crate) fn queues(&self) -> RedisQueues {
        self.queues_at(Clock::system())
    }

    pub(crate) fn queues_at(&self, clock: Clock) -> RedisQueues {
        RedisQueues::open(&self.url(), "paylink", clock).expect("the URL is right")
    }

    /// A plain connection, to look behind the scenes.
    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("the URL is right");
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        client.get_multiplexed_async_connection_with_config(&patient).await.expect("Redis is up")
    }

    /// What one command answers.
    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut cmd = redis::cmd(words.next().unwrap_or_default());
        for word in words {
            cmd.arg(word);
        }
        cmd.query_async(&mut self.connection().await).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it was running");
            child.wait().expect("it was our child");
        }
        std::fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }
}

/// Waits until it is so; a test fails if it never is.
pub(crate) async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let patience = Duration::from_secs(30);
    assert!(tokio::time::timeout(patience, waiting).await.is_ok(), "this never came to be: {what}");
}

/// Pushes jobs to a Redis that is there; returns how many were new.
pub(crate) async fn push(queues: &RedisQueues, notified: &[DueJob]) -> u64 {
    queues.push(QUEUE, notified).await.expect("Redis answers")
}

pub(crate) async fn depth(queues: &RedisQueues) -> Depth {
    queues.depth(QUEUE).await.expect("Redis answers")
}

/// Waits until a worker would hear a wake-up.
pub(crate) async fn listens(redis: &Redis) {
    eventually("a worker listens", async || redis.ask::<(String, u32)>("PUBSUB NUMSUB paylink:wake").await.1 == 1)
        .await;
}

/// How a job is written in Redis.
pub(crate) fn id(job: DueJob) -> String {
    format!("{}:{}", job.job, job.lane)
}

/// A job in a lane that is due now.
pub(crate) fn due_job(lane: Uuid) -> DueJob {
    DueJob { job: Uuid::now_v7(), lane, at: None }
}

pub(crate) fn options(slots: usize) -> BackendOptions {
    BackendOptions { slots, lease: Duration::from_secs(30), poll: NEVER }
}

/// What handlers were given, in order, and what they wait for.
#[derive(Clone)]
pub(crate) struct Log {
    notified: Arc<Mutex<Vec<Delivery>>>,
    gate: Arc<Semaphore>,
}

impl Log {
    /// Handlers answer at once.
    pub(crate) fn open() -> Self {
        Self::with_permits(Semaphore::MAX_PERMITS)
    }

    /// Handlers wait to be let through.
    pub(crate) fn closed() -> Self {
        Self::with_permits(0)
    }

    fn with_permits(permits: usize) -> Self {
        Self { notified: Arc::default(), gate: Arc::new(Semaphore::new(permits)) }
    }

    pub(crate) fn let_through(&self, handlers: usize) {
        self.gate.add_permits(handlers);
    }

    pub(crate) fn all(&self) -> Vec<Delivery> {
        self.notified.lock().expect("no handler panics here").clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.notified.lock().expect("no handler panics here").len()
    }

    pub(crate) fn jobs(&self) -> Vec<Uuid> {
        self.all().iter().map(|delivery| delivery.job).collect()
    }

    /// A handler's body: notes the job, waits to be let through.
    pub(crate) async fn handle(&self, delivery: Delivery) {
        self.notified.lock().expect("no handler panics here").push(delivery);
        self.gate.acquire().await.expect("it is never closed").forget();
    }
}

/// A worker that runs beside the test.
pub(crate) struct Running {
    pub(crate) context: WorkerContext,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    /// A worker whose handler notes the job, waits to be let through, and answers as told.
    pub(crate) fn start<A>(queues: &RedisQueues, options: BackendOptions, log: &Log, answer: A) -> Self
    where
        A: Fn(Delivery) -> Result<Ack, std::io::Error> + Clone + Send + Sync + 'static,
    {
        let context = WorkerContext::new("worker");
        let log = log.clone();
        let worker = WorkerBuilder::new(&context).backend(RedisBackend::new(queues.clone(), QUEUE, options)).build(
            move |delivery: Delivery| {
                let (log, answer) = (log.clone(), answer.clone());
                async move {
                    log.handle(delivery).await;
                    answer(delivery)
                }
            },
        );
        Self { context, task: tokio::spawn(worker.run()) }
    }

    /// A worker that says of each job that it is done.
    pub(crate) fn done(queues: &RedisQueues, options: BackendOptions, log: &Log) -> Self {
        Self::start(queues, options, log, |_| Ok(Ack::Done))
    }

    /// Asks it to stop, and does not wait.
    pub(crate) fn ask_to_stop(&self) {
        self.context.stop().expect("it has started");
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.ask_to_stop();
        self.ended().await;
    }

    /// Waits until it has ended of itself.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(Duration::from_secs(30), self.task)
            .await
            .expect("the worker ends in time")
            .expect("the worker does not panic")
            .expect("the worker ends well");
    }

    /// Drops it in the middle of what it does.
    pub(crate) fn abort(self) {
        self.task.abort();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}

/// Waits for a future that must come soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it comes soon")
}

//! The handle to all queues of an installation.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Clock;
use redis::Msg;
use tokio::sync::watch;
use uuid::Uuid;

use super::connection::Connection;
use super::keys::{self, Keys};
use super::listener::{Audience, Listener};
use super::queue::RedisQueue;
use super::{Certificates, Depth, DueJob, QueueError};

/// How many jobs one script call pushes: about 2 ms of Redis's time.
const PUSH_PAGE: usize = 500;

/// A handle to the queues of one installation; cheap to clone.
///
/// It never waits for Redis to be there: opening only reads the URL, a command that finds Redis away or hung fails
/// within about a second, and the next one dials again.
#[derive(Clone)]
pub struct RedisQueues(Arc<Inner>);

struct Inner {
    prefix: String,
    clock: Clock,
    connection: Arc<Connection>,
    queues: Arc<UsedQueues>,
    listener: Listener,
}

/// The queues that have been used, by name.
struct UsedQueues {
    prefix: String,
    by_name: Mutex<HashMap<&'static str, Arc<RedisQueue>>>,
}

impl RedisQueues {
    /// A handle to the Redis at `url` (`redis://[user:password@]host[:port][/db]` or `redis+unix:///path`). The keys
    /// of all queues begin with `{prefix}:`, so that several installations can share one Redis. `clock` tells how long
    /// it is until a job that is pushed for later is due.
    ///
    /// # Errors
    /// If the URL is not of that form or the prefix is empty or has one of `{}*?[]\` in it; never because Redis is away.
    pub fn open(url: &str, prefix: &str, clock: Clock) -> Result<Self, QueueError> {
        Self::open_with(url, &Certificates::default(), prefix, clock)
    }

    /// The same with certificates of one's own, for `rediss://`.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if the certificates are none.
    pub fn open_with(url: &str, certificates: &Certificates, prefix: &str, clock: Clock) -> Result<Self, QueueError> {
        keys::check_prefix(prefix)?;
        Ok(Self(Arc::new(Inner {
            prefix: prefix.to_owned(),
            clock,
            connection: Arc::new(Connection::open(url, certificates)?),
            queues: Arc::new(UsedQueues { prefix: prefix.to_owned(), by_name: Mutex::default() }),
            listener: Listener::default(),
        })))
    }

    /// Puts jobs into a queue and wakes a worker; returns how many were not in it. A job that is ready, due later or
    /// being handled stays as it is, so pushing it again is always safe.
    ///
    /// # Errors
    /// If Redis is away, refuses, or does not answer within a second. Some of the jobs may have been pushed.
    pub async fn push(&self, queue: &'static str, queues: &[DueJob]) -> Result<u64, QueueError> {
        let queue = self.queue(queue);
        let mut fresh = 0;
        for page in queues.chunks(PUSH_PAGE) {
            fresh += queue.push(page).await?;
        }
        Ok(fresh)
    }

    /// Whether Redis answers; of a cluster, all nodes that take writes.
    ///
    /// # Errors
    /// If it does not within a second.
    pub async fn ping(&self) -> Result<(), QueueError> {
        self.0.connection.query::<redis::Value>(&redis::cmd("PING")).await.map(drop)
    }

    /// Whether Redis can be used: it answers, and takes writes. One that is full, loading or a replica does not.
    ///
    /// # Errors
    /// If it does not within a second.
    pub async fn check_usable(&self) -> Result<(), QueueError> {
        if self.0.connection.is_cluster() {
            self.ping().await?;
        }
        let mut write = redis::cmd("SET");
        write.arg(format!("{}:usable", self.0.prefix)).arg(1).arg("PX").arg(1_000);
        self.0.connection.query(&write).await
    }

    /// How many jobs of a queue are where, at one moment.
    ///
    /// # Errors
    /// If Redis is away or does not answer within a second.
    pub async fn depth(&self, queue: &'static str) -> Result<Depth, QueueError> {
        self.queue(queue).depth().await
    }

    /// Removes a job from its queue, whatever its state; returns whether it was there. A handler that is at it is not
    /// stopped, and its answer will have no effect.
    ///
    /// # Errors
    /// If Redis is away or does not answer within a second.
    pub async fn forget(&self, queue: &'static str, job: Uuid, lane: Uuid) -> Result<bool, QueueError> {
        self.queue(queue).forget(job, lane).await
    }

    /// The connection that all commands share.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    /// What tells the time here.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What all keys begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The queue of that name.
    pub(super) fn queue(&self, queue: &'static str) -> Arc<RedisQueue> {
        let mut queues = self.0.queues.lock();
        let Inner { prefix, clock, connection, .. } = &*self.0;
        let new = || Arc::new(RedisQueue::new(Arc::clone(connection), Keys::new(prefix, queue), clock.clone()));
        Arc::clone(queues.entry(queue).or_insert_with(new))
    }

    /// Where to wait for a queue's wake-ups. Must be called in a tokio runtime, as it makes sure that someone listens.
    pub(super) fn woken(&self, queue: &'static str) -> watch::Receiver<()> {
        let woken = self.queue(queue).woken();
        self.0.listener.ensure(&self.0.connection, &self.0.queues);
        woken
    }
}

impl UsedQueues {
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Arc<RedisQueue>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scripts publish a queue's name only when something became ready where nothing was, or became the earliest to be due: a
/// worker that is asleep with a free slot has seen the queue empty, so those are all the wake-ups there are for it.
impl Audience for UsedQueues {
    fn channel(&self) -> String {
        keys::wake_channel(&self.prefix)
    }

    fn resume(&self) {
        for queue in self.lock().values() {
            queue.wake();
        }
    }

    fn hear(&self, message: &Msg) {
        let name = message.get_payload::<String>().unwrap_or_default();
        if let Some(queue) = self.lock().get(name.as_str()).cloned() {
            queue.wake();
        }
    }
}

impl fmt::Debug for RedisQueues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQueues").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}

//! The handle to all queues of an installation.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use redis::Msg;
use tokio::sync::watch;
use uuid::Uuid;

use super::connection::Connection;
use super::keys::{self, Keys};
use super::listener::{Listener, MessageReceiver};
use super::queue::RedisQueue;
use super::{Certificates, Depth, DueJob, QueueError, TimeSource};

/// How many jobs one script call pushes; it takes Redis about 2 ms.
const PUSH_PAGE: usize = 500;

/// A handle to the queues of one installation. Cheap to clone.
///
/// It never waits for Redis to come up: opening only parses the URL, a command fails within about a second if Redis is
/// away or hangs, and the next command reconnects.
#[derive(Clone)]
pub struct RedisQueues(Arc<Inner>);

struct Inner {
    prefix: String,
    clock: Arc<dyn TimeSource>,
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
    /// Opens the Redis at `url` (`redis://[user:password@]host[:port][/db]` or `redis+unix:///path`). All keys begin
    /// with `{prefix}:`, so that several installations can share one Redis. `clock` is used to turn due times into
    /// delays.
    ///
    /// # Errors
    /// Returns an error if the URL is malformed, or the prefix is empty or contains one of `{}*?[]\`. Never fails
    /// because Redis is away.
    pub fn open(url: &str, prefix: &str, clock: impl TimeSource) -> Result<Self, QueueError> {
        Self::open_with(url, &Certificates::default(), prefix, clock)
    }

    /// Like [`open`](Self::open), with TLS certificates for `rediss://`.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if a certificate is invalid.
    pub fn open_with(
        url: &str,
        certificates: &Certificates,
        prefix: &str,
        clock: impl TimeSource,
    ) -> Result<Self, QueueError> {
        keys::check_prefix(prefix)?;
        Ok(Self(Arc::new(Inner {
            prefix: prefix.to_owned(),
            clock: Arc::new(clock),
            connection: Arc::new(Connection::open(url, certificates)?),
            queues: Arc::new(UsedQueues { prefix: prefix.to_owned(), by_name: Mutex::default() }),
            listener: Listener::default(),
        })))
    }

    /// Adds jobs to a queue and wakes a worker. Returns how many were not in it. Jobs that are ready, delayed or leased
    /// stay as they are, so that pushing a job again is always safe.
    ///
    /// # Errors
    /// Returns an error if Redis is unavailable, refuses, or does not answer within a second. Some of the jobs may have
    /// been pushed.
    pub async fn push(&self, queue: &'static str, queues: &[DueJob]) -> Result<u64, QueueError> {
        let queue = self.queue(queue);
        let mut fresh = 0;
        for page in queues.chunks(PUSH_PAGE) {
            fresh += queue.push(page).await?;
        }
        Ok(fresh)
    }

    /// Checks that Redis answers; in a cluster, all nodes that accept writes.
    ///
    /// # Errors
    /// Returns an error if there is no answer within a second.
    pub async fn ping(&self) -> Result<(), QueueError> {
        self.0.connection.query::<redis::Value>(&redis::cmd("PING")).await.map(drop)
    }

    /// Checks that Redis accepts writes and has these queues; in a cluster, all nodes that have one of them. One that is full,
    /// loading or a replica accepts none, and a cluster's node that the URL names as a single server has only some queues.
    ///
    /// # Errors
    /// Returns an error if something is refused or takes more than a second.
    pub async fn check_usable(&self, queues: &[&str]) -> Result<(), QueueError> {
        let prefix = &self.0.prefix;
        let keys: Vec<String> = queues.iter().map(|queue| format!("{prefix}:{{{queue}}}:usable")).collect();
        if !self.0.connection.is_cluster() {
            self.write(&format!("{prefix}:usable")).await?;
            return try_join_all(keys.iter().map(|key| self.look_for(key))).await.map(drop);
        }
        self.ping().await?;
        try_join_all(keys.iter().map(|key| self.write(key))).await.map(drop)
    }

    async fn write(&self, key: &str) -> Result<(), QueueError> {
        let mut write = redis::cmd("SET");
        write.arg(key).arg(1).arg("PX").arg(1_000);
        self.0.connection.query(&write).await
    }

    async fn look_for(&self, key: &str) -> Result<(), QueueError> {
        self.0.connection.query(redis::cmd("EXISTS").arg(key)).await
    }

    /// The number of jobs in each state of a queue, at one instant.
    ///
    /// # Errors
    /// Returns an error if Redis is unavailable or does not answer within a second.
    pub async fn depth(&self, queue: &'static str) -> Result<Depth, QueueError> {
        self.queue(queue).depth().await
    }

    /// Removes a job from its queue, whatever its state. Returns whether it was there. A running handler is not
    /// stopped, but its answer has no effect.
    ///
    /// # Errors
    /// Returns an error if Redis is unavailable or does not answer within a second.
    pub async fn forget(&self, queue: &'static str, job: Uuid, lane: Uuid) -> Result<bool, QueueError> {
        self.queue(queue).forget(job, lane).await
    }

    /// The connection shared by all commands.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    /// The time by which due times are meant.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The prefix of all keys.
    pub(crate) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The queue of this name.
    pub(super) fn queue(&self, queue: &'static str) -> Arc<RedisQueue> {
        let mut queues = self.0.queues.lock();
        let Inner { prefix, clock, connection, .. } = &*self.0;
        let new = || Arc::new(RedisQueue::new(Arc::clone(connection), Keys::new(prefix, queue), Arc::clone(clock)));
        Arc::clone(queues.entry(queue).or_insert_with(new))
    }

    /// Subscribes to a queue's wake-ups. Must be called in a tokio runtime, because it starts the listener.
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

/// Scripts publish a queue's name only when a job became ready in an empty queue, or became the earliest delayed job.
/// That is enough: a worker that sleeps with a free slot has seen the queue empty.
impl MessageReceiver for UsedQueues {
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

//! The handle by which the other crates reach Redis.

use chrono::{DateTime, Utc};
use domain::Clock;
use entity::Db;

use crate::{
    EnqueuedJob, Kind,
    changes::Changes,
    live::Live,
    notify::{Notifier, notify_all},
    redis::{Inspection, QueueError, RedisQueues, TimeSource},
};

/// What a Redis may refuse to live updates.
const LIVE: &str = "keep live updates";

impl TimeSource for Clock {
    fn now(&self) -> DateTime<Utc> {
        Self::now(self)
    }
}

/// Performs each operation of all roles once, and reads the configuration of Redis.
pub async fn inspect(queues: &RedisQueues) -> Inspection {
    Box::pin(queues.inspect(LIVE, Live::new(queues.clone()).probe())).await
}

/// A handle for notifying Redis of jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    queues: RedisQueues,
    notifier: Notifier,
    live: Live,
    changes: Changes,
}

impl Queue {
    /// Notifies through these queues, in batches, and numbers and publishes changes committed to this database.
    #[must_use]
    pub fn new(queues: RedisQueues, db: Db) -> Self {
        let notifier = Notifier::new(queues.clone());
        let live = Live::new(queues.clone());
        let time = queues.clone();
        let changes = Changes::follow(db, Clock::telling(move || time.now()), live.clone(), notifier.clone());
        Self { queues, notifier, live, changes }
    }

    /// Notifies Redis of jobs in the background: the caller's response must not depend on Redis. After a failure the
    /// scheduler notifies Redis again from the rows.
    pub fn notify(&self, enqueued: impl IntoIterator<Item = EnqueuedJob>) {
        self.notifier.notify(enqueued);
    }

    /// Notifies Redis of jobs and waits until it has stored them. Returns how many it did not have yet.
    ///
    /// # Errors
    /// Returns an error if Redis is unavailable.
    pub async fn notify_now(&self, enqueued: &[EnqueuedJob]) -> Result<u64, QueueError> {
        notify_all(&self.queues, enqueued).await
    }

    /// Notifies Redis of jobs and waits for it, because the process is about to end. After a failure the scheduler
    /// notifies Redis again from the rows.
    pub async fn notify_before_end(&self, enqueued: &[EnqueuedJob]) {
        if let Err(error) = self.notify_now(enqueued).await {
            tracing::warn!(jobs = enqueued.len(), %error, "Redis was not notified; the scheduler will try again");
        }
    }

    /// Checks that Redis accepts writes to all queues.
    ///
    /// # Errors
    /// Returns an error if a write fails or takes more than a second.
    pub async fn check_usable(&self) -> Result<(), QueueError> {
        self.queues.check_usable(&Kind::ALL.map(Kind::as_str)).await
    }

    /// Checks at a start whether Redis meets our needs. If interrupted, it leaves only keys that expire.
    pub async fn inspect_briefly(&self) -> Inspection {
        Box::pin(self.queues.inspect_briefly(LIVE, self.live.probe())).await
    }

    /// Live updates for connected clients.
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live
    }

    /// The feed of changes, which numbers what was committed.
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The queues in Redis that workers read from.
    #[must_use]
    pub const fn queues(&self) -> &RedisQueues {
        &self.queues
    }
}

//! Notifying Redis of jobs after the commit that enqueued them.

use std::time::Duration;

use entity::Db;

use crate::{
    BatchHandler, Batcher, EnqueuedJob, Kind, Limits,
    changes::Changes,
    live::Live,
    redis::{DueJob, QueueError, RedisQueues},
};

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
        let notifier = Notifier(Batcher::new(NotifyHandler(queues.clone()), LIMITS));
        let live = Live::new(queues.clone());
        let changes = Changes::follow(db, queues.clock().clone(), live.clone(), notifier.clone());
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

/// Notifies Redis of jobs in batches, without blocking the caller.
#[derive(Debug, Clone)]
pub(crate) struct Notifier(Batcher<NotifyHandler>);

impl Notifier {
    pub(crate) fn notify(&self, enqueued: impl IntoIterator<Item = EnqueuedJob>) {
        let enqueued: Vec<EnqueuedJob> = enqueued.into_iter().collect();
        if enqueued.is_empty() {
            return;
        }
        let (notifying, jobs) = (self.0.clone(), enqueued.len());
        tokio::spawn(async move {
            if let Err(error) = notifying.submit(enqueued).await {
                tracing::warn!(jobs, %error, "Redis was not notified; the scheduler will try again");
            }
        });
    }
}

/// Sends one notification for all jobs that were enqueued while Redis handled the previous batch.
struct NotifyHandler(RedisQueues);

/// One batch at a time, because Redis is single-threaded. If Redis is away and the buffer fills up, the rest is left to
/// the scheduler.
const LIMITS: Limits =
    Limits { group: 64, at_once: 1, waiting: 1024, patience: Duration::from_secs(10), pace: Duration::ZERO };

/// Delays between tries, in total long enough for a failover to another Redis.
const TRIED_AGAIN_AFTER: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1_500),
    Duration::from_millis(2_500),
];

impl BatchHandler for NotifyHandler {
    type Item = Vec<EnqueuedJob>;
    type Answer = ();

    async fn handle(&self, group: Vec<Vec<EnqueuedJob>>) -> Vec<()> {
        let answers = vec![(); group.len()];
        let enqueued = group.concat();
        let mut waits = TRIED_AGAIN_AFTER.into_iter();
        while let Err(error) = notify_all(&self.0, &enqueued).await {
            let Some(wait) = waits.next() else {
                tracing::warn!(jobs = enqueued.len(), %error, "Redis was not notified; the scheduler will try again");
                break;
            };
            tokio::time::sleep(wait).await;
        }
        answers
    }
}

async fn notify_all(queues: &RedisQueues, enqueued: &[EnqueuedJob]) -> Result<u64, QueueError> {
    let mut notified = 0;
    for kind in Kind::ALL {
        let of_kind: Vec<DueJob> = enqueued
            .iter()
            .filter(|enqueued_job| enqueued_job.kind == kind)
            .map(|enqueued_job| DueJob {
                job: enqueued_job.job.uuid(),
                lane: enqueued_job.lane,
                at: Some(enqueued_job.run_at),
            })
            .collect();
        if !of_kind.is_empty() {
            notified += queues.push(kind.as_str(), &of_kind).await?;
        }
    }
    Ok(notified)
}

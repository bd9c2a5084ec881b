//! Notifying Redis of jobs after the commit that enqueued them.

use std::time::Duration;

use crate::{
    BatchHandler, Batcher, EnqueuedJob, Kind, Limits,
    redis::{DueJob, QueueError, RedisQueues},
};

/// Notifies Redis of jobs in batches, without blocking the caller.
#[derive(Debug, Clone)]
pub(crate) struct Notifier(Batcher<NotifyHandler>);

impl Notifier {
    /// Notifies through these queues.
    pub(crate) fn new(queues: RedisQueues) -> Self {
        Self(Batcher::new(NotifyHandler(queues), LIMITS))
    }

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

/// Notifies Redis of jobs and waits until it has stored them. Returns how many it did not have yet.
pub(crate) async fn notify_all(queues: &RedisQueues, enqueued: &[EnqueuedJob]) -> Result<u64, QueueError> {
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

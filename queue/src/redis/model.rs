//! The types that go into and come out of a queue.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A job to push to its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJob {
    /// The id of the job's row. A queue holds each job once, however often it is pushed.
    pub job: Uuid,
    /// The lane that it waits in. Lanes take turns, so that a long one does not hold up the others.
    pub lane: Uuid,
    /// The earliest start; `None` means at once.
    pub at: Option<DateTime<Utc>>,
}

/// A delivered job, which the handler has the lease of until it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The id of the job's row.
    pub job: Uuid,
    /// The lane it was taken from.
    pub lane: Uuid,
    /// How often the job has been delivered, including this time; 1 is the first. It is counted at the claim, so that
    /// crashes count, and across [`Ack::Later`] until the job is done.
    pub number: u32,
}

/// The handler's answer, acknowledged in Redis before the job's future resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// The row is finished or dead: remove the job from the queue.
    Done,
    /// The row waits until then: deliver the job again.
    Later(DateTime<Utc>),
}

/// The number of jobs in each state of a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting for a free slot.
    pub ready: u64,
    /// Delayed until their time, which may just have come.
    pub due: u64,
    /// Being handled, or held by a dead worker whose lease has not run out yet.
    pub leased: u64,
    /// Unreadable entries that were set aside; not included in the other counts.
    pub dead: u64,
}

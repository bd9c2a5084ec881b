//! What goes into a queue, what a handler receives, and how it answers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A job that is to be put into its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJob {
    /// The id of the job's row. A queue holds each job once, however often it is pushed.
    pub job: Uuid,
    /// Whose job it is, a merchant's id: lanes take turns, so that a long one does not hold up the others.
    pub lane: Uuid,
    /// Not before this time; `None` is at once.
    pub at: Option<DateTime<Utc>>,
}

/// What the handler is given: a job it holds the lease of until it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The id of the job's row.
    pub job: Uuid,
    /// The lane that it was taken from.
    pub lane: Uuid,
    /// How often this job has been delivered, this time included; 1 is the first. It is counted at the claim, so a
    /// crash counts, and it goes on counting over [`Ack::Later`] until the job is done.
    pub number: u32,
}

/// What the handler answers, acknowledged in Redis before the job's future resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// The job leaves the queue: its row is finished or dead.
    Done,
    /// The row is waiting until then: deliver it again.
    Later(DateTime<Utc>),
}

/// How many jobs of a queue are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting for a free slot.
    pub ready: u64,
    /// Waiting for their time, which may just have come.
    pub due: u64,
    /// Being handled, or held by a worker that has died and whose lease has not run out.
    pub leased: u64,
    /// Entries that could not be read and were put aside. They are in none of the other counts.
    pub dead: u64,
}

//! One queue's scripts as functions. No other code knows their arguments and replies.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use redis::Cmd;
use tokio::sync::watch;
use uuid::Uuid;

use super::connection::Connection;
use super::id::{self, Id};
use super::keys::Keys;
use super::script;
use super::{Delivery, Depth, DueJob, QueueError, TimeSource};

/// The resolution of times in Redis.
const MILLISECOND: Duration = Duration::from_millis(1);

/// A queue and its connection.
pub(super) struct RedisQueue {
    connection: Arc<Connection>,
    keys: Keys,
    clock: Arc<dyn TimeSource>,
    wake: watch::Sender<()>,
}

/// What happens to an answered job.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    /// It leaves the queue.
    Done,
    /// It is delivered again at this time.
    At(DateTime<Utc>),
    /// It is delivered again after this time, by Redis's clock.
    After(Duration),
}

/// What a turn should claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClaimRequest {
    /// The most jobs to claim.
    pub(super) want: usize,
    /// Whether to look for due jobs and expired leases first.
    pub(super) refill: bool,
    /// The duration of the new leases.
    pub(super) lifetime: Duration,
}

#[derive(Debug)]
pub(super) struct TurnResult {
    /// Whether more jobs may be ready than were claimed.
    pub(super) more: bool,
    /// The time until the next delayed job is due, if there is one.
    pub(super) due_in: Option<Duration>,
    /// The claimed jobs.
    pub(super) claimed: Vec<Delivery>,
    /// Claimed entries that cannot be parsed: their raw ids.
    pub(super) unreadable: Vec<Vec<u8>>,
    /// How many leases had run out, of any worker.
    pub(super) reclaimed: u64,
}

impl RedisQueue {
    pub(super) fn new(connection: Arc<Connection>, keys: Keys, clock: Arc<dyn TimeSource>) -> Self {
        let (wake, _) = watch::channel(());
        Self { connection, keys, clock, wake }
    }

    /// Wakes waiting fetchers, since there may be jobs to claim.
    pub(super) fn wake(&self) {
        self.wake.send_replace(());
    }

    /// Subscribes to wake-ups.
    pub(super) fn woken(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    /// Adds jobs to the queue. Returns how many were not in it. See `push.lua`.
    pub(super) async fn push(&self, jobs: &[DueJob]) -> Result<u64, QueueError> {
        let mut call = script::PUSH.call(&self.keys);
        for job in jobs {
            call.arg(Id::new(job.job, job.lane).as_bytes());
            match job.at.and_then(|at| self.wait_until(at)) {
                Some(wait) => call.arg(millis(wait)),
                None => call.arg(""),
            };
        }
        self.connection.run(&script::PUSH, &call).await
    }

    /// Acknowledges and claims jobs. See `turn.lua`.
    pub(super) async fn turn(
        &self,
        answers: impl Iterator<Item = (Delivery, Reply)>,
        request: ClaimRequest,
    ) -> Result<TurnResult, QueueError> {
        let mut call = script::TURN.call(&self.keys);
        call.arg(millis(request.lifetime)).arg(request.want).arg(u8::from(request.refill));
        for (delivery, reply) in answers {
            push_lease(&mut call, &delivery);
            match reply {
                Reply::Done => call.arg("done"),
                Reply::At(at) => call.arg(format!("+{}", millis(self.wait_until(at).unwrap_or_default()))),
                Reply::After(wait) => call.arg(format!("+{}", millis(wait))),
            };
        }
        let answer = self.connection.run(&script::TURN, &call).await?;
        let (more, due_in, claimed, reclaimed): (bool, i64, Vec<(Vec<u8>, String)>, u64) = answer;
        let mut turn = TurnResult {
            more,
            due_in: u64::try_from(due_in).ok().map(Duration::from_millis),
            claimed: Vec::with_capacity(claimed.len()),
            unreadable: Vec::new(),
            reclaimed,
        };
        for (id, entry) in claimed {
            match id::read_claim(&id, &entry) {
                Some(delivery) => turn.claimed.push(delivery),
                None => turn.unreadable.push(id),
            }
        }
        Ok(turn)
    }

    /// The time until `at`, or `None` if it has passed. Redis is told this duration, so that its clock need not be
    /// right.
    fn wait_until(&self, at: DateTime<Utc>) -> Option<Duration> {
        let wait = u64::try_from((at - self.clock.now()).num_milliseconds()).ok().filter(|wait| *wait > 0)?;
        // Both clocks truncate to milliseconds; rounding up makes sure that the job is not early.
        Some(Duration::from_millis(wait) + MILLISECOND)
    }

    /// Renews leases. Returns the lost ones. See `renew.lua`.
    pub(super) async fn renew(&self, leases: &[Delivery], lifetime: Duration) -> Result<Vec<Uuid>, QueueError> {
        let mut call = script::RENEW.call(&self.keys);
        call.arg(millis(lifetime));
        for lease in leases {
            push_lease(&mut call, lease);
        }
        let lost: Vec<Vec<u8>> = self.connection.run(&script::RENEW, &call).await?;
        let jobs = lost.iter().filter_map(|id| Some(id::read_id(id)?.0));
        Ok(jobs.collect())
    }

    /// Releases leases. See `release.lua`.
    pub(super) async fn release(&self, leases: &[Delivery]) -> Result<(), QueueError> {
        let mut call = script::RELEASE.call(&self.keys);
        for lease in leases {
            push_lease(&mut call, lease);
        }
        self.connection.run(&script::RELEASE, &call).await
    }

    /// Sets unreadable ids aside. See `dead_letter.lua`.
    pub(super) async fn dead_letter(&self, ids: &[Vec<u8>]) -> Result<(), QueueError> {
        let mut call = script::DEAD_LETTER.call(&self.keys);
        call.arg(ids);
        self.connection.run(&script::DEAD_LETTER, &call).await
    }

    /// Removes a job. Returns whether it was there. See `forget.lua`.
    pub(super) async fn forget(&self, job: Uuid, lane: Uuid) -> Result<bool, QueueError> {
        let mut call = script::FORGET.call(&self.keys);
        call.arg(Id::new(job, lane).as_bytes());
        self.connection.run(&script::FORGET, &call).await
    }

    /// Counts jobs by state. See `depth.lua`.
    pub(super) async fn depth(&self) -> Result<Depth, QueueError> {
        let call = script::DEPTH.call(&self.keys);
        let (ready, due, leased, dead) = self.connection.run(&script::DEPTH, &call).await?;
        Ok(Depth { ready, due, leased, dead })
    }
}

/// Pushes the proof of a lease: the job's id, and its entry at the time of the claim.
fn push_lease(call: &mut Cmd, delivery: &Delivery) {
    call.arg(Id::new(delivery.job, delivery.lane).as_bytes()).arg(id::entry(delivery));
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

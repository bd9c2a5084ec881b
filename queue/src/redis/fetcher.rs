//! The fetcher: the only task that talks to Redis on a worker's behalf.

mod failure;
mod renewal;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use apalis_core::worker::context::WorkerContext;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant};

use super::ack::{Answer, FetcherMessage};
use super::leases::Leases;
use super::prefetch::Prefetch;
use super::queue::RedisQueue;
use super::{BackendOptions, RedisQueues};

/// How many jobs one turn claims at most, so that one worker never holds Redis up for long.
const CLAIM_PAGE: usize = 100;
/// How many answers one turn takes along at most; how many leases are renewed or given back in one call.
const ANSWER_PAGE: usize = 250;
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The fetcher's state. Nobody else changes it, so it needs no lock.
pub(super) struct Fetcher {
    queue: &'static str,
    redis: Arc<RedisQueue>,
    worker: WorkerContext,
    prefetch: Arc<Prefetch>,
    options: BackendOptions,
    inbox: mpsc::UnboundedReceiver<FetcherMessage>,
    woken: watch::Receiver<()>,
    leases: Leases,
    answers: Vec<Answer>,
    /// Whether there may be something to claim.
    stirred: bool,
    /// Whether something may have fallen due or lost its worker.
    sweep: bool,
    phase: Phase,
    /// When to look without being woken: a job is due, or it is time for the safety poll.
    look_at: Instant,
    renew_at: Instant,
    /// How long to wait after the next failure.
    wait: Duration,
}

/// How far the end of the worker has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// The worker has ended; its last answers may still be on their way.
    Closing,
    /// Nobody is left who could give an answer.
    Deserted,
}

/// What a fetcher shares with the worker that it fetches for.
pub(super) struct WorkerSide {
    pub(super) worker: WorkerContext,
    pub(super) prefetch: Arc<Prefetch>,
    pub(super) inbox: mpsc::UnboundedReceiver<FetcherMessage>,
}

impl Fetcher {
    pub(super) fn new(queues: &RedisQueues, queue: &'static str, options: BackendOptions, side: WorkerSide) -> Self {
        let WorkerSide { worker, prefetch, inbox } = side;
        let now = Instant::now();
        Self {
            queue,
            redis: queues.queue(queue),
            worker,
            prefetch,
            options,
            inbox,
            woken: queues.woken(queue),
            leases: Leases::default(),
            answers: Vec::new(),
            stirred: true,
            sweep: true,
            phase: Phase::Working,
            look_at: now + options.poll,
            renew_at: now,
            wait: FIRST_WAIT,
        }
    }

    /// Runs until the worker has ended and every answer has been acknowledged.
    pub(super) async fn run(mut self) {
        loop {
            self.read_inbox();
            self.look_up();
            if self.stopping() {
                self.put_back().await;
            }
            if self.finished() {
                return;
            }
            self.renew_when_due().await;
            let want = self.want();
            if want == 0 && self.answers.is_empty() {
                self.rest().await;
            } else {
                self.turn(want).await;
            }
        }
    }

    fn read_inbox(&mut self) {
        loop {
            match self.inbox.try_recv() {
                Ok(message) => self.handle(message),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.phase = Phase::Deserted;
                    return;
                }
            }
        }
    }

    fn handle(&mut self, message: FetcherMessage) {
        match message {
            FetcherMessage::Answer(answer) => self.answers.push(answer),
            FetcherMessage::Close => self.phase = Phase::Closing,
        }
    }

    /// Notes that there may be something to claim: there was a notification, or it is time to look.
    fn look_up(&mut self) {
        if self.woken.has_changed().unwrap_or(false) {
            self.woken.mark_unchanged();
            self.stir();
        }
        let now = Instant::now();
        if now >= self.look_at {
            self.look_at = now + self.options.poll;
            self.stir();
        }
    }

    fn stir(&mut self) {
        self.stirred = true;
        self.sweep = true;
    }

    /// Whether to claim nothing (more): the worker is stopped, or paused.
    fn stopping(&self) -> bool {
        self.phase != Phase::Working || self.worker.is_shutting_down() || !self.worker.is_running()
    }

    /// Whether all jobs have been answered for, or can no longer be.
    fn finished(&self) -> bool {
        let all_answered = match self.phase {
            Phase::Working => false,
            Phase::Closing => self.leases.is_empty(),
            Phase::Deserted => true,
        };
        all_answered && self.answers.is_empty()
    }

    /// How many jobs to claim in the next turn, which frees the slots of the answers that it takes along.
    fn want(&self) -> usize {
        if !self.stirred || self.stopping() {
            return 0;
        }
        let freed = self.answers.len().min(ANSWER_PAGE);
        let free = (self.options.slots + freed).saturating_sub(self.leases.len());
        free.min(CLAIM_PAGE)
    }

    /// Waits for whatever comes first: an answer, a wake-up, the time to look or to renew.
    async fn rest(&mut self) {
        let until = if self.leases.is_empty() { self.look_at } else { self.look_at.min(self.renew_at) };
        tokio::select! {
            // Once all senders are gone this ends at once, and `read_inbox` sees it.
            message = self.inbox.recv() => message.into_iter().for_each(|message| self.handle(message)),
            // The queue lives as long as we do, so this cannot fail.
            Ok(()) = self.woken.changed() => self.stir(),
            () = time::sleep_until(until) => {}
        }
    }
}

/// However the fetcher ends, the worker must notice.
impl Drop for Fetcher {
    fn drop(&mut self) {
        self.prefetch.wake_worker();
    }
}

//! The fetcher: the task that talks to Redis for a worker.

mod failure;
mod renewal;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use apalis_core::worker::context::WorkerContext;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant};

use super::ack::{FetcherMessage, JobAnswer};
use super::leases::Leases;
use super::prefetch::Prefetch;
use super::queue::RedisQueue;
use super::{BackendOptions, RedisQueues};

/// The most jobs one turn claims, so that one worker never blocks Redis for long.
const CLAIM_PAGE: usize = 100;
/// The most answers one turn sends, and the most leases renewed or released in one call.
const ANSWER_PAGE: usize = 250;
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The state of the fetcher. Only its own task changes it, so it needs no lock.
pub(super) struct Fetcher {
    queue: &'static str,
    redis: Arc<RedisQueue>,
    worker: WorkerContext,
    prefetch: Arc<Prefetch>,
    options: BackendOptions,
    inbox: mpsc::UnboundedReceiver<FetcherMessage>,
    woken: watch::Receiver<()>,
    leases: Leases,
    answers: Vec<JobAnswer>,
    /// Whether there may be jobs to claim.
    may_have_work: bool,
    /// Whether delayed jobs may be due or leases may have run out.
    refill: bool,
    phase: ShutdownPhase,
    /// When to check without a wake-up, because a job falls due or for the safety poll.
    look_at: Instant,
    renew_at: Instant,
    /// How long to wait after the next failure.
    wait: Duration,
}

/// How far the worker's shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShutdownPhase {
    Working,
    /// The worker has ended; its last answers may still be on their way.
    Closing,
    /// All senders are gone, so no more answers can come.
    Disconnected,
}

/// What a fetcher shares with its worker.
pub(super) struct FetcherParts {
    pub(super) worker: WorkerContext,
    pub(super) prefetch: Arc<Prefetch>,
    pub(super) inbox: mpsc::UnboundedReceiver<FetcherMessage>,
}

impl Fetcher {
    pub(super) fn new(queues: &RedisQueues, queue: &'static str, options: BackendOptions, parts: FetcherParts) -> Self {
        let FetcherParts { worker, prefetch, inbox } = parts;
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
            may_have_work: true,
            refill: true,
            phase: ShutdownPhase::Working,
            look_at: now + options.poll,
            renew_at: now,
            wait: FIRST_WAIT,
        }
    }

    /// Runs until the worker has ended and every answer is acknowledged.
    pub(super) async fn run(mut self) {
        loop {
            self.read_inbox();
            self.check_wakeups();
            if self.stopping() {
                self.release_prefetched().await;
            }
            if self.finished() {
                return;
            }
            self.renew_when_due().await;
            let want = self.want();
            if want == 0 && self.answers.is_empty() {
                self.idle().await;
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
                    self.phase = ShutdownPhase::Disconnected;
                    return;
                }
            }
        }
    }

    fn handle(&mut self, message: FetcherMessage) {
        match message {
            FetcherMessage::Answer(answer) => self.answers.push(answer),
            FetcherMessage::Close => self.phase = ShutdownPhase::Closing,
        }
    }

    /// Checks whether there may be jobs to claim, because of a wake-up or because the poll is due.
    fn check_wakeups(&mut self) {
        if self.woken.has_changed().unwrap_or(false) {
            self.woken.mark_unchanged();
            self.expect_work();
        }
        let now = Instant::now();
        if now >= self.look_at {
            self.look_at = now + self.options.poll;
            self.expect_work();
        }
    }

    fn expect_work(&mut self) {
        self.may_have_work = true;
        self.refill = true;
    }

    /// Whether to stop claiming, because the worker is stopping or paused.
    fn stopping(&self) -> bool {
        self.phase != ShutdownPhase::Working || self.worker.is_shutting_down() || !self.worker.is_running()
    }

    /// Whether every job was answered, or can no longer be.
    fn finished(&self) -> bool {
        let all_answered = match self.phase {
            ShutdownPhase::Working => false,
            ShutdownPhase::Closing => self.leases.is_empty(),
            ShutdownPhase::Disconnected => true,
        };
        all_answered && self.answers.is_empty()
    }

    /// How many jobs the next turn should claim, counting the slots freed by the answers it sends.
    fn want(&self) -> usize {
        if !self.may_have_work || self.stopping() {
            return 0;
        }
        let freed = self.answers.len().min(ANSWER_PAGE);
        let free = (self.options.slots + freed).saturating_sub(self.leases.len());
        free.min(CLAIM_PAGE)
    }

    /// Waits for an answer, a wake-up, or the time to poll or renew.
    async fn idle(&mut self) {
        let until = if self.leases.is_empty() { self.look_at } else { self.look_at.min(self.renew_at) };
        tokio::select! {
            // Once all senders are gone this completes immediately, and `read_inbox` notices.
            message = self.inbox.recv() => message.into_iter().for_each(|message| self.handle(message)),
            // The queue outlives the fetcher, so this cannot fail.
            Ok(()) = self.woken.changed() => self.expect_work(),
            () = time::sleep_until(until) => {}
        }
    }
}

/// Lets the worker notice that the fetcher has ended, even after a panic.
impl Drop for Fetcher {
    fn drop(&mut self) {
        self.prefetch.wake_worker();
    }
}

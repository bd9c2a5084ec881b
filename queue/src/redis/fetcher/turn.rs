//! A turn: sends answers to Redis and hands claimed jobs to the worker.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::{ANSWER_PAGE, Fetcher};
use crate::redis::metrics;
use crate::redis::queue::{ClaimRequest, TurnResult};

impl Fetcher {
    /// Acknowledges answers and claims jobs.
    pub(super) async fn turn(&mut self, want: usize) {
        let sent = self.answers.len().min(ANSWER_PAGE);
        let answers = self.answers[..sent].iter();
        // The answer of a job without a slot was dropped before.
        let replies = answers.filter_map(|answer| Some((self.leases.get(answer.job)?, answer.reply)));
        let refill = self.refill && want > 0;
        let request = ClaimRequest { want, refill, lifetime: self.options.lease };
        match self.redis.turn(replies, request).await {
            Ok(turn) => {
                self.recover();
                if turn.reclaimed > 0 {
                    metrics::reclaimed(self.queue, turn.reclaimed);
                }
                self.free_answered(sent);
                if want > 0 {
                    self.may_have_work = turn.more;
                    self.refill = false;
                }
                self.note_due(turn.due_in);
                self.accept(turn).await;
            }
            Err(error) => self.back_off(&error).await,
        }
    }

    /// Frees the slots of the first `sent` answers and resolves their jobs' futures.
    fn free_answered(&mut self, sent: usize) {
        for answer in self.answers.drain(..sent) {
            self.leases.free(answer.job);
            drop(answer.settled);
        }
    }

    fn note_due(&mut self, due_in: Option<Duration>) {
        if let Some(due_in) = due_in {
            self.look_at = self.look_at.min(Instant::now() + due_in);
        }
    }

    /// Hands the claimed jobs to the worker.
    async fn accept(&mut self, turn: TurnResult) {
        let mut jobs = Vec::with_capacity(turn.claimed.len());
        for delivery in turn.claimed {
            if self.leases.take(delivery) {
                jobs.push(delivery);
            } else {
                warn!(queue = self.queue, job.id = %delivery.job, "claimed a job that this worker is still at");
            }
        }
        if !jobs.is_empty() {
            self.prefetch.put(jobs);
        }
        if !turn.unreadable.is_empty() {
            warn!(queue = self.queue, entries = turn.unreadable.len(), "putting aside entries that cannot be read");
            if let Err(error) = self.redis.dead_letter(&turn.unreadable).await {
                debug!(queue = self.queue, %error, "cannot put them aside now; they will come again");
            }
        }
    }
}

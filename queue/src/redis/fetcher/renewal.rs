//! Renewing leases and giving them back.

use tokio::time::Instant;
use tracing::{debug, warn};

use super::{ANSWER_PAGE, Fetcher, LONGEST_WAIT};
use crate::redis::Delivery;

impl Fetcher {
    /// Renews the leases three times during their duration, and sooner after a failure.
    pub(super) async fn renew_when_due(&mut self) {
        let now = Instant::now();
        if now < self.renew_at {
            return;
        }
        self.renew_at = now + self.options.lease / 3;
        let mut lost = Vec::new();
        for page in self.leases.kept().chunks(ANSWER_PAGE) {
            match self.redis.renew(page, self.options.lease).await {
                Ok(jobs) => lost.extend(jobs),
                Err(error) => {
                    debug!(queue = self.queue, %error, "cannot renew leases; trying again");
                    self.renew_at = now + (self.options.lease / 10).min(LONGEST_WAIT);
                }
            }
        }
        for job in lost {
            warn!(queue = self.queue, job.id = %job, "lost the lease of a job that is being handled");
            self.leases.lose(job);
        }
    }

    /// Releases the jobs that were claimed but not started.
    pub(super) async fn release_prefetched(&mut self) {
        let waiting = self.prefetch.take_back();
        let leases: Vec<Delivery> = waiting.iter().filter_map(|delivery| self.leases.free(delivery.job)).collect();
        for page in leases.chunks(ANSWER_PAGE) {
            if let Err(error) = self.redis.release(page).await {
                warn!(queue = self.queue, %error, jobs = page.len(), "cannot give jobs back; their leases will run out");
            }
        }
    }
}

//! How the fetcher reacts when Redis fails and recovers.

use std::error::Error;
use std::time::Duration;

use tokio::time;
use tracing::{info, warn};

use super::{FIRST_WAIT, Fetcher, LONGEST_WAIT};
use crate::redis::QueueError;

/// How long a stopping worker keeps trying to reach an unavailable Redis.
const STOP_GRACE: Duration = Duration::from_secs(2);

impl Fetcher {
    /// Handles a failure: waits, longer each time, and drops answers that have waited too long. Their jobs are
    /// delivered again, which is harmless, since their rows are finished.
    pub(super) async fn back_off(&mut self, error: &QueueError) {
        if self.wait == FIRST_WAIT {
            warn!(queue = self.queue, %error, cause = ?error.source(), "Redis fails; trying on");
        }
        self.expect_work();
        let patience = if self.stopping() { STOP_GRACE.min(self.options.lease) } else { self.options.lease };
        let leases = &mut self.leases;
        self.answers.retain(|answer| {
            let keep = answer.since.elapsed() < patience;
            if !keep {
                leases.free(answer.job);
            }
            keep
        });
        time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }

    pub(super) fn recover(&mut self) {
        if self.wait != FIRST_WAIT {
            info!(queue = self.queue, "Redis answers again");
            self.wait = FIRST_WAIT;
        }
    }
}

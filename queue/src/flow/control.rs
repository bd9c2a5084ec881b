//! What a job has to pass before it calls an external service: a rate limit shared by all processes, and a circuit
//! breaker.

use std::time::Duration;

use domain::Clock;

use super::{
    Urgency,
    breaker::{Admission, CircuitBreakers, LeftAlone},
};
use crate::{
    JobError,
    redis::{Pass, RedisQueues},
};

/// The longest wait for a rate limit that a job spends in its slot; for a longer one it is snoozed.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// How far we stay below the limit, in percent, because the other side measures it after the network's jitter.
const MARGIN: u32 = 5;

/// Decides whether an external service may be called now. Cheap to clone; clones share their breakers.
#[derive(Debug, Clone)]
pub struct FlowControl {
    queues: RedisQueues,
    breakers: CircuitBreakers,
    clock: Clock,
}

/// A rate limit in calls per second, over all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Option<Duration>);

/// Why a service may not be called now.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// The rate limit is used up for now.
    #[error("the limit of {limit} is reached")]
    Limited {
        /// The name of the limit.
        limit: String,
        /// When a call is possible.
        after: Duration,
    },
    /// The service is considered down.
    #[error("{service} is taken for down")]
    Down {
        /// The name of the service.
        service: String,
        /// How long it is not called.
        left_alone: LeftAlone,
    },
}

impl Rate {
    /// This many calls per second; 0 means unlimited.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        let second = Duration::from_secs(1) + Duration::from_secs(1) * MARGIN / 100;
        Self(second.checked_div(calls))
    }
}

impl FlowControl {
    /// Flow control with rate limits kept in the same Redis as the queues.
    #[must_use]
    pub fn new(queues: RedisQueues, clock: Clock) -> Self {
        Self { queues, breakers: CircuitBreakers::default(), clock }
    }

    /// Waits until `service` may be called under this rate limit. Background jobs leave the nearest turns to interactive
    /// ones.
    ///
    /// Without Redis there is no limit of ours. The service has its own, and its answer (429, `Retry-After`) is
    /// honoured.
    ///
    /// # Errors
    /// Returns an error if the service is considered down, or the limit allows no call soon.
    pub async fn acquire(&self, service: &str, limit: &str, rate: Rate) -> Result<Permit, NotNow> {
        if let Some(interval) = rate.0 {
            match self.queues.pass_at(limit, interval, LONGEST_WAIT, Urgency::current()).await {
                Ok(Pass::In(wait)) => tokio::time::sleep(wait).await,
                Ok(Pass::NotBefore(after)) => return Err(NotNow::Limited { limit: limit.to_owned(), after }),
                Err(error) => tracing::debug!(limit, %error, "a limit cannot be asked; going on without"),
            }
        }
        // Checked last, because a call that is admitted as the probe must be about to happen.
        match self.breakers.ask(service, self.clock.now()) {
            Ok(admission) => {
                Ok(Permit { flow: self.clone(), service: service.to_owned(), probes: admission == Admission::Probe })
            }
            Err(left_alone) => Err(NotNow::Down { service: service.to_owned(), left_alone }),
        }
    }
}

/// Permission to call a service. Its holder reports the result. A permit that is dropped counts as unused; if it was
/// the probe, the next caller becomes the probe.
#[derive(Debug)]
#[must_use = "it stands for a call, and what comes of it is to be said"]
pub struct Permit {
    flow: FlowControl,
    service: String,
    probes: bool,
}

impl Permit {
    /// The service answered, with whatever status.
    pub fn answered(mut self) {
        self.probes = false;
        self.flow.breakers.answered(&self.service);
    }

    /// The service failed: a timeout, a refused connection or a 5xx.
    pub fn failed(mut self) {
        self.probes = false;
        self.flow.breakers.failed(&self.service, self.flow.clock.now());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probes {
            self.flow.breakers.not_called(&self.service);
        }
    }
}

impl From<NotNow> for JobError {
    fn from(why: NotNow) -> Self {
        let (after, spread) = match &why {
            // Each waiting job was given its own time.
            NotNow::Limited { after, .. } => (*after, Duration::ZERO),
            NotNow::Down { left_alone, .. } => (left_alone.next_probe, left_alone.spread),
        };
        Self::Snooze { why: Box::new(why), after, spread }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use crate::flow::HeldBack;

    #[test]
    fn what_held_a_job_back_is_read_from_what_it_says() {
        let limited = NotNow::Limited { limit: "stripe:payment_links".to_owned(), after: Duration::ZERO };
        assert_eq!(HeldBack::read(&limited.to_string()), Some(HeldBack::Limit("stripe:payment_links")));
        let left_alone = LeftAlone { next_probe: Duration::ZERO, spread: Duration::ZERO };
        let down = NotNow::Down { service: "stripe".to_owned(), left_alone };
        assert_eq!(HeldBack::read(&down.to_string()), Some(HeldBack::Down("stripe")));
        assert_eq!(HeldBack::read("it panicked"), None);
    }

    #[tokio::test]
    async fn a_permit_that_is_not_used_leaves_the_probe_to_the_next() {
        let now = Utc::now();
        let queues = RedisQueues::open("redis://127.0.0.1:1", "test", Clock::system()).unwrap();
        let flow = FlowControl::new(queues, Clock::stopped_at(now));
        let attempt = async |flow: &FlowControl| flow.acquire("stripe", "payment_links", Rate::per_second(0)).await;
        for _ in 0..5 {
            attempt(&flow).await.unwrap().failed();
        }
        attempt(&flow).await.expect_err("it is down");

        let later = FlowControl { clock: Clock::stopped_at(now + TimeDelta::minutes(1)), ..flow };
        let probe = attempt(&later).await.unwrap();
        attempt(&later).await.expect_err("a probe is under way");
        drop(probe);

        attempt(&later).await.unwrap().answered();
        attempt(&later).await.unwrap().answered();
    }
}

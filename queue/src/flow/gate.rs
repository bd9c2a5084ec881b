//! The gate before a service outside: its limit, which all processes share, and its breaker.

use std::time::Duration;

use entity::Clock;

use super::{Breakers, breaker::LeftAlone};
use crate::{
    JobError,
    bell::{Bells, Pass},
};

/// The longest wait for a turn that a job sits out, in its slot; for a longer one it is put off.
const PATIENCE: Duration = Duration::from_millis(250);

/// How much slower than the limit we go, in percent, so that a limit that is counted at the other end of a network holds there.
const MARGIN: u32 = 5;

/// Passes calls to the services outside. Cheap to clone; all clones share their breakers.
#[derive(Debug, Clone)]
pub struct Gate {
    bells: Bells,
    breakers: Breakers,
    clock: Clock,
}

/// A limit: calls per second, over all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Option<Duration>);

/// Why a service is not called now.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// Others have all the turns that come soon.
    #[error("the limit of {limit} is reached")]
    Limited {
        /// Which limit.
        limit: String,
        /// When there is a turn.
        after: Duration,
    },
    /// It is taken for down.
    #[error("{service} is taken for down")]
    Down {
        /// Which service.
        service: String,
        /// For how long.
        left_alone: LeftAlone,
    },
}

impl Rate {
    /// So many calls a second; 0 is as many as wanted.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        let second = Duration::from_secs(1) + Duration::from_secs(1) * MARGIN / 100;
        Self(second.checked_div(calls))
    }
}

impl Gate {
    /// A gate whose limits are kept where the bells are.
    #[must_use]
    pub fn new(bells: Bells, clock: Clock) -> Self {
        Self { bells, breakers: Breakers::default(), clock }
    }

    /// The breakers behind this gate.
    #[must_use]
    pub const fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// Waits for a turn to call `service`, at the limit of this name. Whoever gets one must say what came of it: [`Self::answered`]
    /// or [`Self::failed`].
    ///
    /// Without Redis there is no limit: the other side has one too, and what it says (429, `Retry-After`) is honoured.
    ///
    /// # Errors
    /// When the service is taken for down, or the limit gives no turn soon.
    pub async fn pass(&self, service: &str, limit: &str, rate: Rate) -> Result<(), NotNow> {
        if let Some(interval) = rate.0 {
            match self.bells.pass_at(limit, interval, PATIENCE).await {
                Ok(Pass::In(wait)) => tokio::time::sleep(wait).await,
                Ok(Pass::NotBefore(after)) => return Err(NotNow::Limited { limit: limit.to_owned(), after }),
                Err(error) => tracing::debug!(limit, %error, "a limit cannot be asked; going on without"),
            }
        }
        // Asked last: whoever is let through as a probe does call.
        self.breakers
            .ask(service, self.clock.now())
            .map_err(|left_alone| NotNow::Down { service: service.to_owned(), left_alone })
    }

    /// The service answered, whatever it said.
    pub fn answered(&self, service: &str) {
        self.breakers.answered(service);
    }

    /// The service did not answer, or not as one that works: a time-out, a refused connection, a 5xx.
    pub fn failed(&self, service: &str) {
        self.breakers.failed(service, self.clock.now());
    }
}

impl From<NotNow> for JobError {
    fn from(why: NotNow) -> Self {
        let (after, spread) = match &why {
            // Each was told a time of its own.
            NotNow::Limited { after, .. } => (*after, Duration::ZERO),
            NotNow::Down { left_alone, .. } => (left_alone.next_probe, left_alone.spread),
        };
        Self::NotNow { why: Box::new(why), after, spread }
    }
}

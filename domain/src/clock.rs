//! Time is an argument: whatever needs the current time is given a [`Clock`]. In production it follows the database's time.

use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time, in whole milliseconds: what every database of ours stores and gives back unchanged.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's clock, as it is: for what no other process sees, and for tests and benches.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// A clock that stands still: `scheduler --once --at …`, and tests.
    #[must_use]
    pub fn stopped_at(at: DateTime<Utc>) -> Self {
        Self(Arc::new(move || at))
    }

    /// A clock that is turned by whoever has it: tests.
    #[must_use]
    pub fn telling(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.0)();
        now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

//! Time is an argument: code that needs the time is given a [`Clock`]. In production it follows the database's clock.

use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time in whole milliseconds, the precision that both databases store exactly.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's own clock, for times that no other process sees, and for tests and benchmarks.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// A clock that always shows the same time, for `scheduler --once --at …` and tests.
    #[must_use]
    pub fn stopped_at(at: DateTime<Utc>) -> Self {
        Self(Arc::new(move || at))
    }

    /// A clock that calls a function, for tests.
    #[must_use]
    pub fn telling(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_whole_milliseconds() {
        let at: DateTime<Utc> = "2026-12-01T08:00:00.123999Z".parse().unwrap();
        let told: DateTime<Utc> = "2026-12-01T08:00:00.123Z".parse().unwrap();
        assert_eq!(Clock::stopped_at(at).now(), told);
        assert_eq!(Clock::telling(move || at + TimeDelta::seconds(1)).now(), told + TimeDelta::seconds(1));
        assert_eq!(format!("{:?}", Clock::stopped_at(at)), "Clock");
    }

    #[test]
    fn the_systems_clock_goes_with_the_machines() {
        let (before, now, after) = (Utc::now(), Clock::system().now(), Utc::now());
        assert!(before - TimeDelta::milliseconds(1) < now && now <= after);
    }
}

//! Rate-limited logging: once a minute for what may happen a thousand times a second.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The shortest time between two log lines.
const QUIET: Duration = Duration::from_mins(1);

/// A rate-limited log event.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<LastLogged>);

#[derive(Debug, Default)]
struct LastLogged {
    at: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// Counts an event. If it is time to log, returns how many there were since the last log line.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.since += 1;
        if told.at.is_some_and(|at| now.saturating_duration_since(at) < QUIET) {
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_a_minute_with_how_many_there_were() {
        let (seldom, now) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.count(now), Some(1));
        for second in 0..59 {
            assert_eq!(seldom.count(now + Duration::from_secs(second)), None);
        }
        assert_eq!(seldom.count(now + QUIET), Some(60));
        assert_eq!(seldom.count(now + QUIET), None);
    }
}

//! Circuit breakers: an external service that keeps failing is considered down and not called for a while. Jobs that
//! need it are snoozed, which costs them no attempt. After the wait one call is let through as a probe, and its result
//! decides.
//!
//! Each process keeps its own breakers. The caller decides what counts as a failure: a refusal (4xx) is an answer, a
//! timeout is not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::metrics;

/// Consecutive failures that open a breaker.
const MOST_FAILURES: u32 = 5;
/// How long a breaker stays open at first. It doubles with each failed probe.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest time a breaker stays open.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// A probe that has not reported for this long is considered lost, and another one is let through.
const PROBE_LIMIT: TimeDelta = TimeDelta::minutes(1);

/// The breakers of a process, by service. Cheap to clone; clones share the breakers.
#[derive(Debug, Clone, Default)]
pub(super) struct CircuitBreakers(Arc<Mutex<BTreeMap<String, CircuitBreaker>>>);

/// How a call is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// As an ordinary call to a working service.
    Free,
    /// As the probe that decides whether the service works again.
    Probe,
}

/// How long a service that is down is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftAlone {
    /// The time until the next probe.
    pub next_probe: Duration,
    /// An extra delay of up to this much for waiting jobs, so that few of them come back in vain if the probe fails.
    pub spread: Duration,
}

#[derive(Debug, Clone, Copy)]
enum CircuitBreaker {
    Closed { failures: u32 },
    Open { until: DateTime<Utc>, wait: Duration },
    Probing { since: DateTime<Utc>, wait: Duration },
}

impl CircuitBreakers {
    /// Asks whether the service may be called. An admitted caller must report [`Self::answered`] or [`Self::failed`]; a
    /// probe that makes no call, [`Self::not_called`].
    ///
    /// # Errors
    /// Returns an error if the service is considered down.
    pub(super) fn ask(&self, service: &str, now: DateTime<Utc>) -> Result<Admission, LeftAlone> {
        let mut breakers = self.lock();
        // A service that has never failed has no breaker.
        let Some(breaker) = breakers.get_mut(service) else { return Ok(Admission::Free) };
        breaker.ask(now)
    }

    /// The probe made no call, so the next caller becomes the probe.
    pub(super) fn not_called(&self, service: &str) {
        if let Some(breaker) = self.lock().get_mut(service) {
            breaker.not_called();
        }
    }

    /// The service answered, with whatever status.
    pub(super) fn answered(&self, service: &str) {
        if let Some(CircuitBreaker::Open { .. } | CircuitBreaker::Probing { .. }) = self.lock().remove(service) {
            metrics::service_down(service, false);
            tracing::info!(service, "the service answers again");
        }
    }

    /// The service did not answer, or answered with a server error.
    pub(super) fn failed(&self, service: &str, now: DateTime<Utc>) {
        let mut breakers = self.lock();
        let breaker = breakers.entry(service.to_owned()).or_insert(CircuitBreaker::Closed { failures: 0 });
        if let Some(wait) = breaker.fail(now) {
            metrics::service_down(service, true);
            tracing::warn!(service, seconds = wait.as_secs(), "the service is taken for down, and left alone");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, CircuitBreaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CircuitBreaker {
    fn ask(&mut self, now: DateTime<Utc>) -> Result<Admission, LeftAlone> {
        let (until, wait) = match *self {
            Self::Closed { .. } => return Ok(Admission::Free),
            Self::Open { until, wait } => (until, wait),
            Self::Probing { since, wait } => (since + PROBE_LIMIT, wait),
        };
        if now >= until {
            *self = Self::Probing { since: now, wait };
            return Ok(Admission::Probe);
        }
        // The end of a running probe is unknown, but probably near.
        let next_probe = match self {
            Self::Probing { .. } => FIRST_WAIT,
            Self::Open { .. } | Self::Closed { .. } => (until - now).to_std().unwrap_or_default(),
        };
        Err(LeftAlone { next_probe, spread: wait })
    }

    fn not_called(&mut self) {
        if let Self::Probing { since, wait } = *self {
            *self = Self::Open { until: since, wait };
        }
    }

    /// Counts a failure. If it opens the breaker, returns how long it stays open.
    fn fail(&mut self, now: DateTime<Utc>) -> Option<Duration> {
        let wait = match *self {
            Self::Closed { failures } if failures + 1 < MOST_FAILURES => {
                *self = Self::Closed { failures: failures + 1 };
                return None;
            }
            Self::Closed { .. } => FIRST_WAIT,
            Self::Probing { wait, .. } => (wait * 2).min(LONGEST_WAIT),
            // This call was admitted before the breaker opened.
            Self::Open { .. } => return None,
        };
        *self = Self::Open { until: now + wait, wait };
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(times: u32, now: DateTime<Utc>) -> CircuitBreakers {
        let breakers = CircuitBreakers::default();
        for _ in 0..times {
            assert_eq!(breakers.ask("stripe", now), Ok(Admission::Free));
            breakers.failed("stripe", now);
        }
        breakers
    }

    fn of_stripe(breakers: &CircuitBreakers) -> Option<CircuitBreaker> {
        breakers.lock().get("stripe").copied()
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_for_one_service_only() {
        let now = Utc::now();
        let breakers = failing(4, now);
        breakers.answered("stripe");
        for _ in 0..4 {
            breakers.failed("stripe", now);
        }
        assert_eq!(breakers.ask("stripe", now), Ok(Admission::Free));
        breakers.failed("stripe", now);
        assert_eq!(breakers.ask("stripe", now), Err(LeftAlone { next_probe: FIRST_WAIT, spread: FIRST_WAIT }));
        assert_eq!(breakers.ask("carrier", now), Ok(Admission::Free));
    }

    #[test]
    fn one_probe_decides() {
        let now = Utc::now();
        let breakers = failing(5, now);
        let later = now + FIRST_WAIT;
        assert_eq!(breakers.ask("stripe", later), Ok(Admission::Probe));
        assert!(matches!(of_stripe(&breakers), Some(CircuitBreaker::Probing { .. })));
        assert!(breakers.ask("stripe", later).is_err(), "a second call beside the probe");
        breakers.answered("stripe");
        assert!(of_stripe(&breakers).is_none());
        assert_eq!(breakers.ask("stripe", later), Ok(Admission::Free));
    }

    #[test]
    fn it_waits_longer_after_each_probe_that_fails_and_not_for_ever() {
        let mut now = Utc::now();
        let breakers = failing(5, now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let left_alone = breakers.ask("stripe", now).unwrap_err();
            waits.push(left_alone.next_probe.as_secs());
            now += left_alone.next_probe;
            assert_eq!(breakers.ask("stripe", now), Ok(Admission::Probe));
            breakers.failed("stripe", now);
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn a_probe_that_is_lost_is_replaced() {
        let now = Utc::now();
        let breakers = failing(5, now);
        let probed = now + FIRST_WAIT;
        assert_eq!(breakers.ask("stripe", probed), Ok(Admission::Probe));
        assert!(breakers.ask("stripe", probed + TimeDelta::seconds(59)).is_err());
        assert_eq!(breakers.ask("stripe", probed + PROBE_LIMIT), Ok(Admission::Probe));
    }

    #[test]
    fn a_probe_that_does_not_call_leaves_it_to_the_next() {
        let now = Utc::now();
        let breakers = failing(5, now);
        let probed = now + FIRST_WAIT;
        assert_eq!(breakers.ask("stripe", probed), Ok(Admission::Probe));
        breakers.not_called("stripe");
        assert!(matches!(of_stripe(&breakers), Some(CircuitBreaker::Open { .. })));
        assert_eq!(breakers.ask("stripe", probed), Ok(Admission::Probe));
        breakers.failed("stripe", probed);
        breakers.not_called("stripe");
        let left_alone = breakers.ask("stripe", probed).unwrap_err();
        assert_eq!(left_alone.next_probe, 2 * FIRST_WAIT, "what comes late shortens no wait");
    }

    #[test]
    fn a_late_failure_does_not_keep_it_open_and_a_late_answer_closes_it() {
        let now = Utc::now();
        let breakers = failing(5, now);
        breakers.failed("stripe", now + TimeDelta::seconds(4));
        assert_eq!(breakers.ask("stripe", now + FIRST_WAIT), Ok(Admission::Probe));
        breakers.failed("stripe", now + FIRST_WAIT);
        breakers.answered("stripe");
        assert_eq!(breakers.ask("stripe", now + FIRST_WAIT), Ok(Admission::Free));
    }
}

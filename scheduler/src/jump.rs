//! Protection from jumps of the clock, which nothing corrects on a single machine.
//!
//! Irreversible ticks are more than a week late only if nothing has run for that long, or if the clock is wrong. A
//! clock on another machine tells which. Until it agrees, or a day has passed by the monotonic clock, the ticks are
//! held.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};

/// How late a tick may be before the time is doubted.
const JUMP: TimeDelta = TimeDelta::days(7);

/// How long an unconfirmed time is doubted.
const DOUBTED_FOR: Duration = Duration::from_hours(24);

/// How far the other clock may differ and still agree.
const AGREES: TimeDelta = TimeDelta::hours(1);

/// How often the other clock is asked.
const AGAIN: Duration = Duration::from_mins(1);

type TimeTold = Pin<Box<dyn Future<Output = Option<DateTime<Utc>>> + Send>>;

/// Asks another machine for the time.
#[derive(Clone)]
pub struct Witness(Arc<dyn Fn() -> TimeTold + Send + Sync>);

impl Witness {
    /// A witness that is asked by `ask`, which returns `None` if no clock can be reached.
    #[must_use]
    pub fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<DateTime<Utc>>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(ask())))
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

/// Holds ticks while the time is doubted. Cheap to clone; clones share their state.
#[derive(Debug, Clone)]
pub struct JumpGuard {
    witness: Witness,
    doubts: Arc<Mutex<Doubts>>,
}

impl JumpGuard {
    /// A guard that trusts this witness.
    #[must_use]
    pub fn new(witness: Witness) -> Self {
        Self { witness, doubts: Arc::default() }
    }

    /// Whether a tick that is this late has to wait at `now`.
    pub(crate) async fn holds(&self, tick: &'static str, late: TimeDelta, now: DateTime<Utc>) -> bool {
        match self.with(|doubts| doubts.judge(tick, late, now, Instant::now())) {
            Judgement::Believed => return false,
            Judgement::Doubted => return true,
            Judgement::Ask => {}
        }
        let told = (self.witness.0)().await;
        if let Some(there) = told {
            tracing::info!(%there, %now, "another clock was asked for the time");
        }
        !self.with(|doubts| doubts.hear(told, now, Instant::now()))
    }

    /// Forgets a tick that is done or not due.
    pub(crate) fn clear(&self, tick: &'static str) {
        self.with(|doubts| doubts.since.remove(tick));
    }

    /// Whether any tick is held.
    pub(crate) fn is_holding(&self) -> bool {
        self.with(|doubts| !doubts.since.is_empty())
    }

    fn with<T>(&self, what: impl FnOnce(&mut Doubts) -> T) -> T {
        what(&mut self.doubts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known, timed by the monotonic clock.
#[derive(Debug, Default)]
struct Doubts {
    /// Since when each tick has been held.
    since: BTreeMap<&'static str, Instant>,
    /// When the other clock was last asked, and its answer.
    asked: Option<(Instant, Option<DateTime<Utc>>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Believed,
    Doubted,
    /// The other clock should be asked now.
    Ask,
}

impl Doubts {
    fn judge(&mut self, tick: &'static str, late: TimeDelta, now: DateTime<Utc>, at: Instant) -> Judgement {
        if late <= JUMP {
            self.since.remove(tick);
            return Judgement::Believed;
        }
        let since = *self.since.entry(tick).or_insert_with(|| {
            tracing::warn!(
                tick,
                %now,
                days = late.num_days(),
                "nothing was done for days, or this machine's clock has jumped: what cannot be taken back waits until Stripe's clock agrees, \
                 or for 24 hours; see that the clock is right, and to go on at once run `paylink scheduler --once --at` with the time"
            );
            at
        });
        if at.saturating_duration_since(since) >= DOUBTED_FOR {
            return Judgement::Believed;
        }
        match self.asked {
            Some((asked, told)) if at.saturating_duration_since(asked) < AGAIN => {
                if told.is_some_and(|there| agrees(there, asked, now, at)) {
                    Judgement::Believed
                } else {
                    Judgement::Doubted
                }
            }
            Some(_) | None => Judgement::Ask,
        }
    }

    /// Records the other clock's answer and returns whether it agrees.
    fn hear(&mut self, told: Option<DateTime<Utc>>, now: DateTime<Utc>, at: Instant) -> bool {
        self.asked = Some((at, told));
        told.is_some_and(|there| agrees(there, at, now, at))
    }
}

/// Whether the time told then, plus the time passed since, matches the time now.
fn agrees(there: DateTime<Utc>, asked: Instant, now: DateTime<Utc>, at: Instant) -> bool {
    let passed = TimeDelta::from_std(at.saturating_duration_since(asked)).unwrap_or(TimeDelta::MAX);
    (now - there - passed).abs() <= AGREES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-26T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_week_is_believed_and_what_is_more_has_to_be_confirmed_or_waited_for() {
        let (begin, late) = (Instant::now(), TimeDelta::days(100));
        let mut doubts = Doubts::default();
        assert_eq!(doubts.judge("purge", JUMP, noon(), begin), Judgement::Believed);
        assert_eq!(doubts.judge("purge", late, noon(), begin), Judgement::Ask);
        assert!(!doubts.hear(None, noon(), begin));
        let soon = begin + Duration::from_secs(30);
        assert_eq!(doubts.judge("purge", late, noon(), soon), Judgement::Doubted, "it is not asked each second");
        let later = begin + AGAIN;
        assert_eq!(doubts.judge("purge", late, noon(), later), Judgement::Ask);
        assert!(!doubts.hear(Some(noon() - late), noon(), later), "it is still a hundred days ago there");
        assert_eq!(doubts.judge("purge", late, noon(), later + AGAIN / 2), Judgement::Doubted);
        assert!(doubts.hear(Some(noon() - TimeDelta::minutes(3)), noon(), later + AGAIN));
        assert_eq!(doubts.judge("clean", late, noon(), later + AGAIN), Judgement::Believed, "for all ticks");

        let mut unanswered = Doubts::default();
        assert_eq!(unanswered.judge("purge", late, noon(), begin), Judgement::Ask);
        assert_eq!(unanswered.judge("purge", late, noon(), begin + DOUBTED_FOR), Judgement::Believed);
        // The clock is corrected and jumps again later: the wait starts over.
        assert_eq!(unanswered.judge("purge", TimeDelta::zero(), noon(), begin + DOUBTED_FOR), Judgement::Believed);
        assert_eq!(unanswered.judge("purge", late, noon(), begin + DOUBTED_FOR), Judgement::Ask);
    }

    #[test]
    fn a_clock_that_jumps_after_it_was_confirmed_is_doubted_again() {
        let begin = Instant::now();
        let mut doubts = Doubts::default();
        assert!(doubts.hear(Some(noon()), noon(), begin));
        let then = noon() + TimeDelta::days(100);
        assert_eq!(
            doubts.judge("purge", TimeDelta::days(99), then, begin + Duration::from_secs(5)),
            Judgement::Doubted
        );
    }

    #[tokio::test]
    async fn the_witness_lets_what_was_held_run() {
        let guard = JumpGuard::new(Witness::new(|| async { Some("2026-11-26T12:00:00Z".parse().unwrap()) }));
        let late = TimeDelta::days(30);
        assert!(guard.holds("purge", late, noon() + TimeDelta::days(100)).await && guard.is_holding());
        assert!(!guard.holds("purge", late, noon()).await);
        guard.clear("purge");
        assert!(!guard.is_holding());
    }
}

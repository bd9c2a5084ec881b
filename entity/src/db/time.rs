//! The database's time, which the processes of an installation share regardless of their machines' clocks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;

use domain::Clock;

use super::Db;

/// How far a clock may differ from the database's before it is reported. No difference does harm.
pub const SKEW_LIMIT: TimeDelta = TimeDelta::seconds(2);

/// The interval between measurements.
const EVERY: Duration = Duration::from_mins(1);

/// The interval between checks whether the local clock was set or the machine slept.
const LOOK: Duration = Duration::from_secs(1);

/// A local clock that is off by more than this since the last check was set.
const STEP: TimeDelta = TimeDelta::milliseconds(500);

/// Slower answers are ignored: the earlier measurement is more precise.
const TOO_SLOW: Duration = Duration::from_secs(1);

/// The database's time as known to this process: measured from time to time and extrapolated with the monotonic clock,
/// so setting the local clock has no effect. Cheap to clone; clones share the measurements.
#[derive(Debug, Clone)]
pub struct DatabaseTime(Arc<ClockOrigin>);

/// Times at the origin, in microseconds since 1970.
#[derive(Debug)]
struct ClockOrigin {
    origin: Instant,
    database: AtomicI64,
    local: AtomicI64,
    is_doubted: AtomicBool,
}

/// The database's time at an instant, and the round trip of the query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeReading {
    pub(crate) time: DateTime<Utc>,
    pub(crate) at: Instant,
    pub(crate) round_trip: Duration,
}

impl TimeReading {
    /// Assumes that the answer was given half-way between the query and its arrival.
    pub(crate) fn between(asked: Instant, answered: Instant, time: DateTime<Utc>) -> Self {
        let round_trip = answered.saturating_duration_since(asked);
        Self { time, at: asked + round_trip / 2, round_trip }
    }
}

impl DatabaseTime {
    /// Takes the first measurement.
    pub async fn measured(db: &Db) -> Result<Self, DbErr> {
        let reading = db.time().await?;
        let time = Self::unmeasured();
        time.take(reading, Utc::now());
        time.log_skew();
        Ok(time)
    }

    fn unmeasured() -> Self {
        Self(Arc::new(ClockOrigin {
            origin: Instant::now(),
            database: 0.into(),
            local: 0.into(),
            is_doubted: false.into(),
        }))
    }

    /// Sets whether the time is doubted: it has jumped, and no other process confirms it.
    pub fn doubt(&self, is_doubted: bool) {
        self.0.is_doubted.store(is_doubted, Ordering::Relaxed);
    }

    /// Whether the time is doubted.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        self.0.is_doubted.load(Ordering::Relaxed)
    }

    /// A clock with the database's time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let known = Arc::clone(&self.0);
        Clock::telling(move || known.now())
    }

    /// How far this machine's clock was ahead of the database's at the last measurement; negative if behind.
    #[must_use]
    pub fn skew(&self) -> TimeDelta {
        let (local, database) = (&self.0.local, &self.0.database);
        TimeDelta::microseconds(local.load(Ordering::Relaxed) - database.load(Ordering::Relaxed))
    }

    /// Whether this machine's clock is off by more than [`SKEW_LIMIT`].
    #[must_use]
    pub fn is_skewed(&self) -> bool {
        self.skew().abs() > SKEW_LIMIT
    }

    /// Measures again every minute, and at once if the local clock was set or the machine slept. Never returns.
    pub async fn keep(&self, db: &Db) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = Instant::now();
        loop {
            look.tick().await;
            let step = self.step(Utc::now());
            let was_set = step.abs() > STEP;
            if !was_set && last.elapsed() < EVERY {
                continue;
            }
            if was_set {
                tracing::info!(
                    seconds = step.as_seconds_f64(),
                    "the local clock was set, or this machine slept: measuring again"
                );
            }
            last = Instant::now();
            if let Err(error) = self.measure(db).await {
                tracing::warn!(%error, "the database's time was not measured; it is counted on from what was");
            }
        }
    }

    async fn measure(&self, db: &Db) -> Result<(), DbErr> {
        let reading = db.time().await?;
        if reading.round_trip < TOO_SLOW {
            self.take(reading, Utc::now());
        }
        self.log_skew();
        Ok(())
    }

    fn take(&self, reading: TimeReading, local: DateTime<Utc>) {
        let ClockOrigin { origin, database, .. } = &*self.0;
        let since = micros(reading.at.saturating_duration_since(*origin))
            - micros(origin.saturating_duration_since(reading.at));
        database.store(reading.time.timestamp_micros() - since, Ordering::Relaxed);
        self.0.local.store(self.0.at_origin(local), Ordering::Relaxed);
    }

    /// How far the local clock has been set since the last measurement.
    fn step(&self, local: DateTime<Utc>) -> TimeDelta {
        TimeDelta::microseconds(self.0.at_origin(local) - self.0.local.load(Ordering::Relaxed))
    }

    fn log_skew(&self) {
        let skew = self.skew();
        if self.is_skewed() {
            tracing::warn!(
                seconds = skew.as_seconds_f64(),
                "the clock of this machine is wrong; times are the database's, so nothing is early or late by it, but set it right"
            );
        }
    }
}

impl ClockOrigin {
    fn now(&self) -> DateTime<Utc> {
        let now = self.database.load(Ordering::Relaxed) + micros(self.origin.elapsed());
        DateTime::from_timestamp_micros(now).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// What a clock that reads `now` read at the origin.
    fn at_origin(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp_micros() - micros(self.origin.elapsed())
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The local clock of a test.
    fn noon() -> DateTime<Utc> {
        "2026-11-26T12:00:00Z".parse().unwrap()
    }

    fn time() -> DatabaseTime {
        DatabaseTime::unmeasured()
    }

    fn about(wanted: TimeDelta, seen: TimeDelta) -> bool {
        (wanted - seen).abs() < TimeDelta::milliseconds(400)
    }

    #[test]
    fn an_answer_was_given_in_the_middle_of_its_round_trip() {
        let asked = Instant::now();
        let reading = TimeReading::between(asked, asked + Duration::from_millis(500), noon());
        assert_eq!(reading.at, asked + Duration::from_millis(250));
        assert_eq!(reading.round_trip, Duration::from_millis(500));
    }

    #[test]
    fn the_clock_tells_the_databases_time_whatever_the_local_one_says() {
        for skew in [TimeDelta::zero(), TimeDelta::days(3), TimeDelta::hours(-1)] {
            let time = time();
            let asked = Instant::now();
            time.take(TimeReading::between(asked, asked, noon()), noon() + skew);
            assert!(about(TimeDelta::zero(), time.clock().now() - noon()), "{skew}");
            assert!(about(skew, time.skew()), "{skew}, not {}", time.skew());
            assert_eq!(time.is_skewed(), skew != TimeDelta::zero());
        }
    }

    #[test]
    fn half_of_a_slow_round_trip_is_taken_off() {
        let time = time();
        let answered = Instant::now();
        let Some(asked) = answered.checked_sub(Duration::from_secs(10)) else { return };
        time.take(TimeReading::between(asked, answered, noon()), noon());
        assert!(about(TimeDelta::seconds(5), time.clock().now() - noon()));
    }

    #[test]
    fn a_local_clock_that_is_set_is_noticed_and_changes_nothing() {
        let time = time();
        let asked = Instant::now();
        time.take(TimeReading::between(asked, asked, noon()), noon());
        assert!(about(TimeDelta::zero(), time.step(noon())));
        assert!(about(TimeDelta::hours(1), time.step(noon() + TimeDelta::hours(1))));
        assert!(about(TimeDelta::hours(-1), time.step(noon() - TimeDelta::hours(1))));
        assert!(about(TimeDelta::zero(), time.clock().now() - noon()));
    }
}

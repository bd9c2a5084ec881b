//! A cron expression in a time zone.

use std::str::FromStr;

use chrono::{DateTime, DurationRound, LocalResult, TimeDelta, TimeZone, Utc};
use cron::{Schedule, TimeUnitSpec};
use domain::Zone;

/// Why a cron expression or a time zone is refused.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// It is not a cron expression of six or seven fields.
    #[error("{expression:?} is not a cron expression (seconds, minutes, hours, day of month, month, day of week)")]
    Cron {
        /// The expression.
        expression: String,
        /// The parser's error.
        #[source]
        source: Box<cron::error::Error>,
    },
    /// No such day ever occurs.
    #[error("{0:?} never comes: there is no such day")]
    Never(String),
    /// There is no such time zone.
    #[error("there is no time zone {0:?}")]
    Zone(String),
}

/// The times at which something is due.
#[derive(Debug, Clone)]
pub struct Calendar {
    schedule: Schedule,
    zone: Zone,
}

impl Calendar {
    /// Parses a cron expression (with seconds) and an IANA time zone.
    ///
    /// # Errors
    /// Returns an error if either is invalid.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, CalendarError> {
        let schedule = Schedule::from_str(expression)
            .map_err(|source| CalendarError::Cron { expression: expression.to_owned(), source: Box::new(source) })?;
        if schedule.after(&DateTime::UNIX_EPOCH).next().is_none() {
            return Err(CalendarError::Never(expression.to_owned()));
        }
        let zone = Zone::parse(zone).map_err(|_| CalendarError::Zone(zone.to_owned()))?;
        Ok(Self { schedule, zone })
    }

    /// The latest due time that is not after `at`. When clocks are set back, an expression with fixed hours is due only
    /// the first time an hour occurs; one that is due every hour is due in both.
    pub(crate) fn latest(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Truncated to seconds, the finest precision of cron.
        let at = at.duration_trunc(TimeDelta::seconds(1)).ok()?;
        let local = self.zone.wall(at);
        if self.schedule.hours().is_all() {
            return self.until(local).next().map(|due| due.to_utc());
        }
        // The latest wall clock time shown so far. In a repeated hour that is the end of its first pass.
        let wall = local.naive_local();
        let shown = match self.zone.when(wall) {
            LocalResult::Ambiguous(first, second) if local == second => wall + (second - first),
            LocalResult::Ambiguous(..) | LocalResult::Single(_) | LocalResult::None => wall,
        };
        let first_time = |due: DateTime<Utc>| self.zone.when(due.naive_utc()).earliest();
        self.until(shown.and_utc()).filter_map(first_time).find(|due| *due <= at)
    }

    /// How overdue something is at `at` that was last done for its due time `last`: the time since it was due again, or
    /// zero.
    #[must_use]
    pub fn late_by(&self, last: DateTime<Utc>, at: DateTime<Utc>) -> TimeDelta {
        let next = self.schedule.after(&self.zone.wall(last)).next();
        next.map_or(TimeDelta::zero(), |next| (at - next.to_utc()).max(TimeDelta::zero()))
    }

    /// The due times before and including `at`, latest first.
    fn until<Z: TimeZone>(&self, at: DateTime<Z>) -> impl Iterator<Item = DateTime<Z>> {
        // The iterator excludes its start, but a tick that is due now must count.
        self.schedule.after(&(at + TimeDelta::seconds(1))).rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_latest_time_due_is_not_after_now() {
        let hourly = Calendar::parse("0 0 * * * *", "UTC").unwrap();
        assert_eq!(hourly.latest(at("2026-11-23T04:59:59Z")), Some(at("2026-11-23T04:00:00Z")));
        assert_eq!(hourly.latest(at("2026-11-23T05:00:00Z")), Some(at("2026-11-23T05:00:00Z")));
        assert_eq!(hourly.latest(at("2026-11-23T05:00:00.500Z")), Some(at("2026-11-23T05:00:00Z")));
    }

    #[test]
    fn it_is_late_from_the_first_time_that_was_missed() {
        let hourly = Calendar::parse("0 0 * * * *", "UTC").unwrap();
        let last = at("2026-11-23T04:00:00Z");
        assert_eq!(hourly.late_by(last, at("2026-11-23T04:59:59Z")), TimeDelta::zero());
        assert_eq!(hourly.late_by(last, at("2026-11-23T07:30:00Z")), TimeDelta::minutes(150));
    }

    #[test]
    fn an_expression_is_read_in_its_time_zone() {
        let nightly = Calendar::parse("0 0 3 * * *", "Europe/Berlin").unwrap();
        assert_eq!(nightly.latest(at("2026-07-01T12:00:00Z")), Some(at("2026-07-01T01:00:00Z")));
        assert_eq!(nightly.latest(at("2026-12-01T12:00:00Z")), Some(at("2026-12-01T02:00:00Z")));
    }

    #[test]
    fn an_hour_that_the_clocks_skip_is_no_hole() {
        let nightly = Calendar::parse("0 30 2 * * *", "Europe/Berlin").unwrap();
        // On 2026-03-29 there is no 02:30 in Berlin.
        let due = nightly.latest(at("2026-03-29T12:00:00Z")).unwrap();
        assert!(due >= at("2026-03-28T01:30:00Z") && due <= at("2026-03-29T01:30:00Z"), "{due}");
    }

    /// The due times between two times, found by checking every second.
    fn dues(calendar: &Calendar, from: &str, to: &str) -> Vec<DateTime<Utc>> {
        let (mut now, to) = (at(from), at(to));
        let mut last = calendar.latest(now).unwrap();
        let mut dues = Vec::new();
        while now < to {
            now += TimeDelta::seconds(1);
            let due = calendar.latest(now).unwrap();
            assert!(due <= now && due >= last, "at {now}: {due} after {last}");
            if due > last {
                dues.push(due);
            }
            last = due;
        }
        dues
    }

    #[test]
    fn in_an_hour_that_the_clocks_repeat_a_tick_runs_once() {
        // On 2026-10-25 it is 02:30 in Berlin at both 00:30 and 01:30 UTC.
        let nightly = Calendar::parse("0 30 2 * * *", "Europe/Berlin").unwrap();
        let (from, to) = ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(dues(&nightly, from, to), [at("2026-10-25T00:30:00Z"), at("2026-10-26T01:30:00Z")]);
        let three_times = Calendar::parse("0 0,30 2 * * *", "Europe/Berlin").unwrap();
        let wanted = ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(dues(&three_times, from, to), wanted.map(at));
    }

    #[test]
    fn what_is_due_every_hour_goes_on_when_the_clocks_repeat_one() {
        let hourly = Calendar::parse("0 0 * * * *", "Europe/Berlin").unwrap();
        let hours = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"];
        assert_eq!(dues(&hourly, "2026-10-24T23:30:00Z", "2026-10-25T03:30:00Z"), hours.map(at));
        let often = Calendar::parse("*/5 * * * * *", "Europe/Berlin").unwrap();
        assert_eq!(dues(&often, "2026-10-25T00:50:00Z", "2026-10-25T01:10:00Z").len(), 20 * 12);
        let and_in_spring = dues(&hourly, "2026-03-28T23:30:00Z", "2026-03-29T03:30:00Z");
        assert_eq!(and_in_spring.len(), 4);
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        assert!(matches!(Calendar::parse("every day", "UTC"), Err(CalendarError::Cron { .. })));
        assert!(matches!(Calendar::parse("0 0 0 30 2 *", "UTC"), Err(CalendarError::Never(_))));
        assert!(Calendar::parse("0 0 0 29 2 *", "UTC").is_ok(), "it comes every four years");
        assert!(matches!(Calendar::parse("0 0 * * * *", "Mars/Olympus"), Err(CalendarError::Zone(_))));
    }
}

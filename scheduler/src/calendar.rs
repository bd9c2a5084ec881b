//! A cron expression in a time zone.

use std::str::FromStr;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use chrono_tz::Tz;
use cron::Schedule;

/// Why a cron expression or a time zone cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// Not a cron expression of six or seven fields.
    #[error("{expression:?} is not a cron expression (seconds, minutes, hours, day of month, month, day of week)")]
    Cron {
        /// What was written.
        expression: String,
        /// What is wrong with it.
        #[source]
        source: Box<cron::error::Error>,
    },
    /// No such time zone.
    #[error("there is no time zone {0:?}")]
    Zone(String),
}

/// When something is due.
#[derive(Debug, Clone)]
pub struct Calendar {
    schedule: Schedule,
    zone: Tz,
}

impl Calendar {
    /// A calendar from a cron expression (with seconds) and an IANA time zone.
    ///
    /// # Errors
    /// When either is none.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, CalendarError> {
        let schedule = Schedule::from_str(expression)
            .map_err(|source| CalendarError::Cron { expression: expression.to_owned(), source: Box::new(source) })?;
        let zone = zone.parse().map_err(|_| CalendarError::Zone(zone.to_owned()))?;
        Ok(Self { schedule, zone })
    }

    /// The latest time, not after `at`, at which it was due.
    pub(crate) fn latest(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A time within a second counts as that second: cron has no finer grain.
        let at = at.duration_trunc(TimeDelta::seconds(1)).ok()?;
        let local = at.with_timezone(&self.zone);
        // The iterator excludes its start, and a tick that is due now is due.
        if self.schedule.includes(local) {
            return Some(at);
        }
        self.schedule.after(&local).next_back().map(|due| due.with_timezone(&Utc))
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

    #[test]
    fn what_is_no_calendar_is_refused() {
        assert!(matches!(Calendar::parse("every day", "UTC"), Err(CalendarError::Cron { .. })));
        assert!(matches!(Calendar::parse("0 0 * * * *", "Mars/Olympus"), Err(CalendarError::Zone(_))));
    }
}

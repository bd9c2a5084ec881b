//! The days of a merchant, in the time zone of its people.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{Zone, link::RETENTION};

use super::Model;

impl Model {
    /// The time zone of its people; UTC if the stored name is invalid.
    #[must_use]
    pub fn zone(&self) -> Zone {
        Zone::parse(&self.time_zone).unwrap_or(Zone::UTC)
    }

    /// The merchant's local date at that time.
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.zone().wall(at).date_naive()
    }

    /// The default expiry of a link created now: the end of the last whole day before it is erased.
    #[must_use]
    pub fn usual_expiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let erased = now + RETENTION;
        self.day_of(erased).pred_opt().and_then(|day| self.end_of(day)).unwrap_or(erased)
    }

    /// The last day on which a link that expires then can be paid until midnight, as buyers see it. For a link with a
    /// shorter life, the day on which it was created.
    #[must_use]
    pub fn last_day(&self, created_at: DateTime<Utc>, expires_at: DateTime<Utc>) -> NaiveDate {
        let day = self.day_of(expires_at);
        let is_whole = self.end_of(day).is_some_and(|end| end <= expires_at);
        let last = if is_whole { day } else { day.pred_opt().unwrap_or(day) };
        last.max(self.day_of(created_at))
    }

    /// The last moment of a day in the merchant's time zone.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let next_midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
        // If the clocks change at midnight, the day ends at the earlier of two midnights; if midnight is skipped, an
        // hour later.
        let zone = self.zone();
        let end = zone.when(next_midnight).earliest();
        let end = end.or_else(|| zone.when(next_midnight + TimeDelta::hours(1)).earliest())?;
        Some(end - TimeDelta::milliseconds(1))
    }
}

/// Checks the name of a time zone.
///
/// # Errors
/// Returns a message for the user if there is no such time zone.
pub fn parse_zone(name: &str) -> Result<String, String> {
    Zone::parse(name)
        .map(|zone| zone.name().unwrap_or(name).to_owned())
        .map_err(|_| format!("there is no time zone {name:?}; one is written like Europe/Berlin"))
}

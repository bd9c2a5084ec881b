//! The days of a merchant, in the time zone of its people.

use chrono::{DateTime, NaiveDate, Utc};
use domain::Zone;

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
        self.zone().day_of(at)
    }

    /// The last moment of a day in the merchant's time zone.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        self.zone().end_of(day)
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

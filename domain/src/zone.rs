//! Time zones by IANA name, read from the system's tzdata, which is updated with the system. Without it, the copy in
//! the program is used.

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta,
    TimeZone as _, Timelike, Utc,
};
use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, Offset as JiffOffset, TimeZone},
};

/// The text is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a time zone, such as Europe/Berlin")]
pub struct ZoneError;

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Looks up a name such as `Europe/Berlin`.
    ///
    /// # Errors
    /// Returns [`ZoneError`] if there is no such time zone.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        TimeZone::get(name).map(Self).map_err(|_| ZoneError)
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.iana_name()
    }

    /// The local time at an instant.
    #[must_use]
    pub fn wall(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let offset = Timestamp::from_second(at.timestamp()).ok().map(|at| fixed(self.0.to_offset(at)));
        at.with_timezone(&offset.unwrap_or_else(|| Utc.fix()))
    }

    /// The instants at which a local time occurs: one, two when clocks are set back, none when they are set forward.
    #[must_use]
    pub fn when(&self, wall: NaiveDateTime) -> LocalResult<DateTime<Utc>> {
        let Some(time) = civil_time(wall) else { return LocalResult::None };
        let with = |offset: JiffOffset| fixed(offset).from_local_datetime(&wall).single().map(|at| at.to_utc());
        match self.0.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => with(offset).map_or(LocalResult::None, LocalResult::Single),
            AmbiguousOffset::Fold { before, after } => match (with(before), with(after)) {
                (Some(first), Some(second)) => LocalResult::Ambiguous(first, second),
                (_, _) => LocalResult::None,
            },
            AmbiguousOffset::Gap { .. } => LocalResult::None,
        }
    }

    /// The local date at an instant.
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.wall(at).date_naive()
    }

    /// The last moment of a day; `None` at the end of the calendar.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let next_midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
        // If the clocks change at midnight, the day ends at the earlier of two midnights; if midnight is skipped, an
        // hour later.
        let end = self.when(next_midnight).earliest();
        let end = end.or_else(|| self.when(next_midnight + TimeDelta::hours(1)).earliest())?;
        Some(end - TimeDelta::milliseconds(1))
    }
}

fn fixed(offset: JiffOffset) -> FixedOffset {
    FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| Utc.fix())
}

fn civil_time(wall: NaiveDateTime) -> Option<civil::DateTime> {
    let small = |part: u32| i8::try_from(part).ok();
    let (year, nanoseconds) = (i16::try_from(wall.year()).ok()?, i32::try_from(wall.nanosecond()).ok()?);
    let (month, day) = (small(wall.month())?, small(wall.day())?);
    let (hour, minute, second) = (small(wall.hour())?, small(wall.minute())?, small(wall.second())?);
    civil::DateTime::new(year, month, day, hour, minute, second, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn clocks_are_put_forward_and_set_back() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(berlin.wall(at("2026-07-01T12:00:00Z")).naive_local(), wall("2026-07-01T14:00:00"));
        assert_eq!(berlin.wall(at("2026-12-01T12:00:00Z")).naive_local(), wall("2026-12-01T13:00:00"));
        assert_eq!(berlin.when(wall("2026-07-01T14:00:00")), LocalResult::Single(at("2026-07-01T12:00:00Z")));
        assert_eq!(berlin.when(wall("2026-03-29T02:30:00")), LocalResult::None);
        let twice = LocalResult::Ambiguous(at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"));
        assert_eq!(berlin.when(wall("2026-10-25T02:30:00")), twice);
        assert_eq!(Zone::UTC.when(wall("2026-10-25T02:30:00")), LocalResult::Single(at("2026-10-25T02:30:00Z")));
    }

    #[test]
    fn a_day_ends_at_midnight_also_where_the_clocks_change_then() {
        let end = |zone: &str, day: &str| Zone::parse(zone).unwrap().end_of(day.parse().unwrap());
        assert_eq!(end("Europe/Berlin", "2026-07-01"), Some(at("2026-07-01T21:59:59.999Z")));
        assert_eq!(end("America/Havana", "2026-10-31"), Some(at("2026-11-01T03:59:59.999Z")), "midnight comes twice");
        assert_eq!(end("America/Havana", "2026-03-07"), Some(at("2026-03-08T04:59:59.999Z")), "there is no midnight");
        assert_eq!(Zone::UTC.end_of(NaiveDate::MAX), None);
        assert_eq!(Zone::parse("Europe/Berlin").unwrap().day_of(at("2026-07-01T22:00:00Z")).to_string(), "2026-07-02");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "Berlin", "Europe/Nowhere", "../../etc/passwd", "UTC+2", "CET "] {
            assert_eq!(Zone::parse(text), Err(ZoneError), "{text}");
        }
        assert!(Zone::parse("UTC").is_ok() && Zone::parse("America/New_York").is_ok());
        assert_eq!(Zone::parse("Europe/Berlin").unwrap().name(), Some("Europe/Berlin"));
    }
}

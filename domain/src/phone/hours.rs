//! Waking hours, in which an unexpected text is acceptable.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};
use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::PhoneNumber;
use crate::Zone;

/// The earliest and the latest hour at which laws allow texts that nobody is waiting for, such as 47 CFR 64.1200(c)(1).
const LAWFUL: std::ops::RangeInclusive<u32> = 8..=21;

// As the error says.
const _: () = assert!(*LAWFUL.start() == 8 && *LAWFUL.end() == 21);

/// When texts that nobody sends by hand may be sent, by the buyer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextHours {
    /// From this hour.
    pub from: u32,
    /// Until before this hour.
    pub until: u32,
    /// Whether also on Sundays.
    pub on_sundays: bool,
}

/// The hours are none, or begin before 8 or end after 21 o'clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an hour after the first, and both from 8 to 21")]
pub struct TextHoursError;

impl Default for TextHours {
    /// From 9 until 20 o'clock.
    fn default() -> Self {
        Self { from: 9, until: 20, on_sundays: true }
    }
}

impl TextHours {
    /// Checks that there is an hour, and that none is too early or too late.
    ///
    /// # Errors
    /// Returns [`TextHoursError`] otherwise.
    pub fn check(self) -> Result<Self, TextHoursError> {
        let are_lawful = LAWFUL.contains(&self.from) && LAWFUL.contains(&self.until);
        if are_lawful && self.from < self.until { Ok(self) } else { Err(TextHoursError) }
    }

    fn include(self, time: DateTime<chrono::FixedOffset>) -> bool {
        (self.from..self.until).contains(&time.hour()) && (self.on_sundays || time.weekday() != Weekday::Sun)
    }
}

/// A merchant's hours, and the zone that counts where a buyer's is not known.
#[derive(Debug, Clone)]
pub struct TextTimes {
    /// The hours, by the buyer's clock.
    pub hours: TextHours,
    /// The merchant's zone.
    pub zone: Zone,
}

/// Time zones differ by multiples of a quarter of an hour.
const GRAIN: TimeDelta = TimeDelta::minutes(15);

/// How many steps to try: if a suitable hour exists at all, it occurs within two days, or three over a Sunday.
const GRAINS: i32 = 4 * 24 * 4;

/// The zones of each country, by its two-letter code.
static ZONES: LazyLock<HashMap<&str, Vec<Zone>>> = LazyLock::new(|| {
    let mut zones: HashMap<&str, Vec<Zone>> = HashMap::new();
    for (country, zone) in include_str!("zones.tab").lines().filter_map(|line| line.split_once(' ')) {
        // Skips comments.
        if let Ok(zone) = Zone::parse(zone) {
            zones.entry(country).or_default().push(zone);
        }
    }
    zones
});

impl PhoneNumber {
    /// The next time, from `at` on, that is within these hours for the owner of this number.
    ///
    /// If the number reveals only the country, it must be that time in all of the country: at 10:00 in New York it is
    /// 5:00 in Honolulu, and the owner may be there. If it does not reveal the country, or the country is too wide to
    /// have such a time, the merchant's zone counts.
    #[must_use]
    pub fn waking_hour_from(&self, at: DateTime<Utc>, times: &TextTimes) -> DateTime<Utc> {
        let zones = self.country().and_then(|country| ZONES.get(country.as_str()));
        zones
            .and_then(|zones| waking_hour_in(zones, times.hours, at))
            .or_else(|| waking_hour_in(std::slice::from_ref(&times.zone), times.hours, at))
            .unwrap_or(at)
    }

    /// The two-letter code of the number's country. If several share a calling code, it is the one whose number this is
    /// or, if that is unclear, the largest.
    fn country(&self) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(self.as_e164(), None).ok()?;
        let region = PHONE_NUMBER_UTIL.get_region_for_number(&number);
        let region = region.or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code));
        region.map(|region| region.to_string())
    }
}

fn waking_hour_in(zones: &[Zone], hours: TextHours, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let suits = |time: &DateTime<Utc>| zones.iter().all(|zone| hours.include(zone.wall(*time)));
    if suits(&at) {
        return Some(at);
    }
    let quarter = at.timestamp().rem_euclid(GRAIN.num_seconds());
    let start = DateTime::from_timestamp(at.timestamp() - quarter, 0)?;
    (1..=GRAINS).map(|grains| start + GRAIN * grains).find(suits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(number: &str, at: &str) -> String {
        next_within(TextHours::default(), number, at)
    }

    fn next_within(hours: TextHours, number: &str, at: &str) -> String {
        let times = TextTimes { hours, zone: Zone::parse("Asia/Tokyo").unwrap() };
        let next = PhoneNumber::from_e164(number).unwrap().waking_hour_from(at.parse().unwrap(), &times);
        next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn a_text_waits_for_the_morning_of_the_buyer() {
        for (number, at, expected) in [
            // Germany: one hour ahead of UTC in winter, two in summer.
            ("+4915123456789", "2026-12-01T07:59:59Z", "2026-12-01T08:00:00Z"),
            ("+4915123456789", "2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"),
            ("+4915123456789", "2026-12-01T18:59:59Z", "2026-12-01T18:59:59Z"),
            ("+4915123456789", "2026-12-01T19:00:00Z", "2026-12-02T08:00:00Z"),
            ("+4915123456789", "2026-07-01T18:00:00Z", "2026-07-02T07:00:00Z"),
            // India: a half-hour offset.
            ("+919123456789", "2026-12-01T00:00:00Z", "2026-12-01T03:30:00Z"),
            // Nepal: a three-quarter-hour offset.
            ("+9779841234567", "2026-12-01T00:00:00Z", "2026-12-01T03:15:00Z"),
        ] {
            assert_eq!(next(number, at), expected, "{number} at {at}");
        }
    }

    #[test]
    fn in_a_wide_country_it_must_be_day_everywhere() {
        // From Adak and Honolulu (UTC-10) to New York (UTC-5).
        assert_eq!(next("+12025550123", "2026-12-01T15:00:00Z"), "2026-12-01T19:00:00Z");
        assert_eq!(next("+12025550123", "2026-12-02T00:59:00Z"), "2026-12-02T00:59:00Z");
        assert_eq!(next("+12025550123", "2026-12-02T01:00:00Z"), "2026-12-02T19:00:00Z");
        // Jamaica shares the calling code of the United States and has one time zone.
        assert_eq!(next("+18762345678", "2026-12-01T15:00:00Z"), "2026-12-01T15:00:00Z");
    }

    #[test]
    fn a_merchant_has_hours_of_its_own_and_may_leave_sundays_out() {
        let late = TextHours { from: 11, until: 21, on_sundays: false };
        for (at, expected) in [
            // A Friday, a Saturday evening, and a Sunday.
            ("2026-12-04T08:00:00Z", "2026-12-04T10:00:00Z"),
            ("2026-12-05T19:59:00Z", "2026-12-05T19:59:00Z"),
            ("2026-12-05T20:00:00Z", "2026-12-07T10:00:00Z"),
            ("2026-12-06T12:00:00Z", "2026-12-07T10:00:00Z"),
        ] {
            assert_eq!(next_within(late, "+4915123456789", at), expected, "{at}");
        }
        // It is Sunday in Honolulu until 10:00 UTC on Monday, and 11:00 there is 16:00 in New York.
        assert_eq!(next_within(late, "+12025550123", "2026-12-06T20:00:00Z"), "2026-12-07T21:00:00Z");
        // Hours that suit nobody in all of a wide country are the merchant's.
        let short = TextHours { from: 9, until: 10, on_sundays: true };
        assert_eq!(next_within(short, "+12025550123", "2026-12-01T12:00:00Z"), "2026-12-02T00:00:00Z");
    }

    #[test]
    fn no_hours_are_too_early_or_too_late() {
        let are_taken = |from, until| TextHours { from, until, on_sundays: true }.check().is_ok();
        assert!(are_taken(9, 20) && are_taken(8, 21) && are_taken(20, 21));
        assert!(!are_taken(7, 20) && !are_taken(9, 22) && !are_taken(9, 9) && !are_taken(12, 10));
    }

    #[test]
    fn a_number_of_no_country_counts_as_at_the_merchants() {
        // +883 belongs to no country; Tokyo is nine hours ahead of UTC.
        assert_eq!(next("+883510012345", "2026-12-01T12:00:00Z"), "2026-12-02T00:00:00Z");
    }

    #[test]
    fn every_country_has_zones_that_are_known_and_an_hour_that_suits() {
        let lines = include_str!("zones.tab").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(ZONES.values().map(Vec::len).sum::<usize>(), lines);
        for (country, zones) in ZONES.iter().filter(|(country, _)| **country != "AQ") {
            let at = "2026-12-01T00:00:00Z".parse().unwrap();
            assert!(waking_hour_in(zones, TextHours::default(), at).is_some(), "{country}");
        }
    }
}

//! Waking hours, in which an unexpected text is acceptable.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::PhoneNumber;
use crate::Zone;

/// From 9:00 until before 20:00.
const WAKING: std::ops::Range<u32> = 9..20;

/// Time zones differ by multiples of a quarter of an hour.
const GRAIN: TimeDelta = TimeDelta::minutes(15);

/// How many steps to try: if a suitable hour exists at all, it occurs within two days.
const GRAINS: i32 = 2 * 24 * 4;

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
    /// The next time, from `at` on, at which it is between 9:00 and 20:00 for the owner of this number.
    ///
    /// If the number reveals only the country, it must be that time in all of the country: at 10:00 in New York it is
    /// 5:00 in Honolulu, and the owner may be there. If it does not reveal the country, or the country is too wide to
    /// have such a time, the merchant's zone counts.
    #[must_use]
    pub fn waking_hour_from(&self, at: DateTime<Utc>, merchant: &Zone) -> DateTime<Utc> {
        let zones = self.country().and_then(|country| ZONES.get(country.as_str()));
        zones
            .and_then(|zones| waking_hour_in(zones, at))
            .or_else(|| waking_hour_in(std::slice::from_ref(merchant), at))
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

fn waking_hour_in(zones: &[Zone], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let suits = |time: &DateTime<Utc>| zones.iter().all(|zone| WAKING.contains(&zone.wall(*time).hour()));
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
        let next = PhoneNumber::from_e164(number)
            .unwrap()
            .waking_hour_from(at.parse().unwrap(), &Zone::parse("Asia/Tokyo").unwrap());
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
            assert!(waking_hour_in(zones, at).is_some(), "{country}");
        }
    }
}

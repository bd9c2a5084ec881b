//! Days as spreadsheets and other programs write them.

use chrono::{NaiveDate, NaiveTime};

use crate::Region;

/// Where the month comes first.
const MONTH_FIRST: [&str; 9] = ["US", "AS", "FM", "GU", "MH", "MP", "PH", "PR", "VI"];

/// Where the year comes first, so that one of two digits could be anything.
const YEAR_FIRST: [&str; 11] = ["CA", "CN", "HK", "HU", "JP", "KR", "LT", "MN", "SE", "TW", "ZA"];

/// Times of day, as programs write them behind a day.
const TIMES: [&str; 4] = ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p"];

/// Reads a day such as `2026-12-31`, `31.12.2026`, `12/31/2026` or `20261231`, with or without the time of day behind
/// it. Which of two small numbers is the month depends on the region, unless one of them cannot be. A year of two digits
/// is read where no other part could be the year.
#[must_use]
pub fn written_day(text: &str, region: Region) -> Option<NaiveDate> {
    let text = text.trim().replace(". ", ".");
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let rest = text[day.len()..].trim_start_matches(['T', ' ']);
    if !rest.is_empty() && !is_time(rest) {
        return None;
    }
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        return NaiveDate::parse_from_str(day, "%Y%m%d").ok();
    }
    let separator = day.chars().find(|character| matches!(character, '-' | '.' | '/'))?;
    let mut parts = day.trim_end_matches('.').split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    if first.len() == 4 {
        return NaiveDate::from_ymd_opt(year(first)?, number(second)?, number(third)?);
    }
    if third.len() == 2 && (separator == '-' || YEAR_FIRST.contains(&region.as_str())) {
        return None;
    }
    let (year, first, second) = (year(third)?, number(first)?, number(second)?);
    let is_month_first = separator != '.' && MONTH_FIRST.contains(&region.as_str());
    let (day, month) = if is_month_first { (second, first) } else { (first, second) };
    // What is no month is a day.
    NaiveDate::from_ymd_opt(year, month, day).or_else(|| NaiveDate::from_ymd_opt(year, day, month))
}

/// Whether this is a time of day, with or without its offset from UTC.
fn is_time(text: &str) -> bool {
    let local = text.trim_end_matches('Z').split(['+', '-']).next().unwrap_or_default().trim_end();
    TIMES.iter().any(|format| NaiveTime::parse_from_str(local, format).is_ok())
}

/// A year of four digits, or of two of this century's first seventy.
fn year(text: &str) -> Option<i32> {
    let is_year = matches!(text.len(), 2 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
    let year: i32 = text.parse().ok().filter(|_| is_year)?;
    match text.len() {
        2 => (year < 70).then_some(2000 + year),
        _ => Some(year),
    }
}

/// A number of one or two digits.
fn number(text: &str) -> Option<u32> {
    let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, region: &str) -> Option<String> {
        written_day(text, Region::parse(region).unwrap()).map(|day| day.to_string())
    }

    #[test]
    fn a_day_is_read_as_its_region_writes_it() {
        for text in
            ["2026-12-04", "2026/12/4", "20261204", "4.12.2026", "4. 12. 2026", "2026-12-04T00:00:00Z", "2026. 12. 04."]
        {
            for region in ["US", "DE", "CN"] {
                assert_eq!(read(text, region).as_deref(), Some("2026-12-04"), "{text} in {region}");
            }
        }
        assert_eq!(read("12/04/2026", "US").as_deref(), Some("2026-12-04"));
        assert_eq!((read("4.12.69", "DE").as_deref(), read("4.12.70", "DE")), (Some("2069-12-04"), None));
        assert_eq!(read("12/04/2026 00:00", "GB").as_deref(), Some("2026-04-12"));
        assert_eq!(read("04-12-2026", "IN").as_deref(), Some("2026-12-04"));
        for time in ["9:30", "09:30:15", "09:30:15.250", "9:30 AM", "09:30:15 pm", "23:59:59+01:00", "23:59-0500"] {
            assert_eq!(read(&format!("2026-12-04 {time}"), "US").as_deref(), Some("2026-12-04"), "{time}");
        }
        assert_eq!(read("04.12.26", "DE").as_deref(), Some("2026-12-04"));
        assert_eq!(read("12/4/26", "US").as_deref(), Some("2026-12-04"));
        // Only one of them can be the month.
        assert_eq!(read("31/12/2026", "US").as_deref(), Some("2026-12-31"));
        assert_eq!(read("12/31/2026", "FR").as_deref(), Some("2026-12-31"));
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in [
            "",
            "soon",
            "31.2.2026",
            "2026-13-01",
            "12/2026",
            "1.2.3.2026",
            "4 December 2026",
            "129.50",
            "1234567890",
            "30 days",
            "04.12.126",
            "+4.12.2026",
            "46360",
            "٤.١٢.٢٠٢٦",
            // Which of them is the year?
            "26-12-04",
            "04-12-26",
            "1/1/99",
            // Something is said that would be dropped.
            "31.12.2026 3 weeks",
            "31.12.2026 30 days net",
            "2026-12-31T25:99",
        ] {
            assert_eq!(read(text, "DE"), None, "{text}");
        }
        assert_eq!(read("26.12.04", "HU"), None, "the year comes first there");
    }
}

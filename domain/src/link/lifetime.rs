//! How long a link lives: until when it can be paid, and when its contents are erased.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::Zone;

/// How long the contents of a link, its invoice and its payment are kept, and so the longest a link may stay open.
pub const RETENTION: TimeDelta = TimeDelta::days(90);

/// A link created longer ago than this is neither open nor paid in a period that begins now. A delayed payment may take
/// longer than [`RETENTION`].
pub const LIFE: TimeDelta = TimeDelta::days(120);

/// Why a link cannot be payable until the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// The day is over.
    #[error("is in the past")]
    Past,
    /// The link is erased before.
    #[error("is more than {} days away", RETENTION.num_days())]
    TooFar,
}

/// The expiry of a link created now if none is wished for: the end of the last whole day before it is erased.
#[must_use]
pub fn usual_expiry(zone: &Zone, now: DateTime<Utc>) -> DateTime<Utc> {
    let erased = now + RETENTION;
    zone.day_of(erased).pred_opt().and_then(|day| zone.end_of(day)).unwrap_or(erased)
}

/// The expiry of a link created now that can be paid until the end of this day. The last possible day ends when the
/// link is erased.
///
/// # Errors
/// Returns an [`ExpiryError`] if the day is over or too far away.
pub fn expiry_on(zone: &Zone, day: NaiveDate, now: DateTime<Utc>) -> Result<DateTime<Utc>, ExpiryError> {
    let erased = now + RETENTION;
    if day < zone.day_of(now) {
        return Err(ExpiryError::Past);
    }
    if day > zone.day_of(erased) {
        return Err(ExpiryError::TooFar);
    }
    Ok(zone.end_of(day).map_or(erased, |end| end.min(erased)))
}

/// The last day on which a link that expires then can be paid until midnight, as buyers see it. For a link with a
/// shorter life, the day on which it was created.
#[must_use]
pub fn last_day(zone: &Zone, created_at: DateTime<Utc>, expires_at: DateTime<Utc>) -> NaiveDate {
    let day = zone.day_of(expires_at);
    let is_whole = zone.end_of(day).is_some_and(|end| end <= expires_at);
    let last = if is_whole { day } else { day.pred_opt().unwrap_or(day) };
    last.max(zone.day_of(created_at))
}

/// Whether the contents of a link created then are to be erased.
#[must_use]
pub fn is_over(created_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    created_at + RETENTION <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = "2026-01-01T12:00:00Z";

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn berlin() -> Zone {
        Zone::parse("Europe/Berlin").unwrap()
    }

    #[test]
    fn a_link_usually_expires_with_the_last_whole_day_of_its_90() {
        assert_eq!(usual_expiry(&berlin(), at(CREATED)), at("2026-03-31T21:59:59.999Z"));
        assert_eq!(usual_expiry(&Zone::UTC, at(CREATED)), at("2026-03-31T23:59:59.999Z"));
    }

    #[test]
    fn a_link_may_expire_from_today_until_it_is_erased() {
        let on = |text: &str| expiry_on(&berlin(), day(text), at(CREATED));
        assert_eq!(on("2025-12-31"), Err(ExpiryError::Past));
        assert_eq!(on("2026-01-01"), Ok(at("2026-01-01T22:59:59.999Z")));
        assert_eq!(on("2026-03-31"), Ok(at("2026-03-31T21:59:59.999Z")));
        assert_eq!(on("2026-04-01"), Ok(at("2026-04-01T12:00:00Z")), "in the middle of that day it is erased");
        assert_eq!(on("2026-04-02"), Err(ExpiryError::TooFar));
        assert_eq!(ExpiryError::TooFar.to_string(), "is more than 90 days away");
    }

    #[test]
    fn buyers_are_told_the_last_day_that_is_whole() {
        let last = |expires: &str| last_day(&berlin(), at(CREATED), at(expires));
        assert_eq!(last("2026-01-10T22:59:59.999Z"), day("2026-01-10"));
        assert_eq!(last("2026-01-10T22:59:59.998Z"), day("2026-01-09"));
        assert_eq!(last("2026-01-10T23:00:00Z"), day("2026-01-10"));
        assert_eq!(last("2026-01-01T13:00:00Z"), day("2026-01-01"), "of a link that lives for an hour");
    }

    #[test]
    fn a_link_is_over_after_90_days() {
        assert!(!is_over(at(CREATED), at("2026-04-01T11:59:59.999Z")));
        assert!(is_over(at(CREATED), at("2026-04-01T12:00:00Z")));
    }
}

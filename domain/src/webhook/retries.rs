//! When a webhook is delivered again that its endpoint did not accept, and how long an endpoint that fails is left alone.

use chrono::TimeDelta;

/// The waits after failed attempts at one delivery. After the last one there is no further attempt.
const WAITS: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];

/// An endpoint that has accepted nothing for this long is disabled.
pub const FAILING_FOR: TimeDelta = TimeDelta::days(5);

/// After how many failed deliveries in a row an endpoint is paused after each failure.
pub const FAILURES_BEFORE_PAUSE: i64 = 3;

/// The first pause. Each further one is twice as long, up to the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// The longest pause.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// The wait after a failed attempt that followed `before` others; `None` if it was the last one.
#[must_use]
pub fn wait_after_attempt(before: i64) -> Option<TimeDelta> {
    usize::try_from(before).ok().and_then(|before| WAITS.get(before)).copied()
}

/// The pause of an endpoint after this many failures in a row; zero after the first ones.
#[must_use]
pub fn pause_after(failures: i64) -> TimeDelta {
    match u32::try_from(failures - FAILURES_BEFORE_PAUSE) {
        Ok(doublings) => (FIRST_PAUSE * 2_i32.pow(doublings.min(10))).min(LONGEST_PAUSE),
        Err(_) => TimeDelta::zero(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_ten_times_in_somewhat_over_three_days() {
        let waits: Vec<TimeDelta> = (0..).map_while(wait_after_attempt).collect();
        assert_eq!(waits.len(), 9);
        assert!(waits.is_sorted());
        assert_eq!(waits.first(), Some(&TimeDelta::seconds(5)));
        let total: TimeDelta = waits.iter().sum();
        assert_eq!(total, TimeDelta::hours(75) + TimeDelta::minutes(35) + TimeDelta::seconds(5));
        assert_eq!(wait_after_attempt(-1), None);
    }

    #[test]
    fn pauses_double_from_the_third_failure_on_up_to_the_longest() {
        for (failures, seconds) in [(0, 0), (2, 0), (3, 5), (4, 10), (5, 20), (8, 160), (9, 300), (13, 300), (50, 300)]
        {
            assert_eq!(pause_after(failures), TimeDelta::seconds(seconds), "{failures}");
        }
    }
}

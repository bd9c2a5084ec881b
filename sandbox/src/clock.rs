//! The only place that reads the clock.

use chrono::{DateTime, SubsecRound, Utc};

/// A time in UTC.
pub(crate) type Moment = DateTime<Utc>;

/// The current time in milliseconds, the precision that the journal preserves.
pub(crate) fn now() -> Moment {
    Utc::now().trunc_subsecs(3)
}

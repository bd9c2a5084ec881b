//! The one place that asks what time it is.

use chrono::{DateTime, SubsecRound, Utc};

/// A moment, in UTC.
pub(crate) type Moment = DateTime<Utc>;

/// Now, to the millisecond: what is written to the journal reads back as the same moment.
pub(crate) fn now() -> Moment {
    Utc::now().trunc_subsecs(3)
}

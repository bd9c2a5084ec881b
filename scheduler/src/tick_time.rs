//! The time of a tick.

use chrono::{DateTime, SecondsFormat, Utc};

#[derive(Debug, Clone, Copy)]
pub(crate) struct TickTime {
    /// Everything due at this time is handled.
    pub(crate) at: DateTime<Utc>,
    /// The tick's due time, which is the same on every scheduler.
    pub(crate) due: DateTime<Utc>,
}

impl TickTime {
    /// The suffix of the keys of jobs that are enqueued once per due time.
    pub(crate) fn slot(self) -> String {
        self.due.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

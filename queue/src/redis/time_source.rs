//! Where the queues have their time from.

use chrono::{DateTime, Utc};

/// Tells the time by which the caller's due times are meant. It is only used to turn them into delays.
pub trait TimeSource: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
}

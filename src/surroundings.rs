//! What a role is given beside its settings.

use domain::Clock;

use crate::stop::Stop;

/// What a role is given beside its settings: by default nobody tells it to stop, and its time is the database's.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Tells it to stop.
    pub stop: Stop,
    /// The time that it takes for now; absent, the database's.
    pub clock: Option<Clock>,
}

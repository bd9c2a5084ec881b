//! What a role is given beside its settings.

use entity::Clock;

use crate::{parts::Parts, stop::Stop};

/// What a role is given beside its settings: by default nobody tells it to stop, and its time is the machine's.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Tells it to stop.
    pub stop: Stop,
    /// The time that it takes for now; absent, the machine's.
    pub clock: Option<Clock>,
}

impl Surroundings {
    /// The parts of a role, with its time.
    pub(crate) fn apply_to(&self, parts: Parts) -> Parts {
        Parts { clock: self.clock.clone().unwrap_or(parts.clock), ..parts }
    }
}

//! Reminders of unpaid links.

/// Whether, when and how often buyers are reminded of unpaid links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminding {
    /// Whether they are.
    pub on: bool,
    /// How many days after the last text about a link: 1 to 60.
    pub after_days: i64,
    /// How often, at most, for one link: 1 to 10.
    pub at_most: i64,
    /// How many days before the link expires there is a last one, whatever `at_most` says: 1 to 30; 0: none.
    pub last_days: i64,
}

/// Why buyers cannot be reminded so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemindingError {
    /// Too soon or too late.
    #[error("must be from 1 to 60 days")]
    AfterDays,
    /// Never or too often.
    #[error("must be from 1 to 10")]
    AtMost,
    /// Longer before the end than a reminder makes sense.
    #[error("must be from 0 to 30 days")]
    LastDays,
}

impl Reminding {
    /// Whether it is within bounds.
    ///
    /// # Errors
    /// The bound that it is not within.
    pub fn check(self) -> Result<Self, RemindingError> {
        if !(1..=60).contains(&self.after_days) {
            return Err(RemindingError::AfterDays);
        }
        if !(1..=10).contains(&self.at_most) {
            return Err(RemindingError::AtMost);
        }
        if !(0..=30).contains(&self.last_days) {
            return Err(RemindingError::LastDays);
        }
        Ok(self)
    }
}

//! Reminders of unpaid links.

/// Whether, when and how often buyers are reminded of unpaid links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminding {
    /// Whether reminders are enabled.
    pub on: bool,
    /// Days between the last text about a link and a reminder: 1 to 60.
    pub after_days: i64,
    /// The most reminders for one link: 1 to 10.
    pub at_most: i64,
    /// Days before expiry at which a last reminder is sent regardless of `at_most`: 1 to 30, or 0 for none.
    pub last_days: i64,
}

/// Which setting of the reminders is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemindingError {
    /// `after_days`.
    #[error("must be from 1 to 60 days")]
    AfterDays,
    /// `at_most`.
    #[error("must be from 1 to 10")]
    AtMost,
    /// `last_days`.
    #[error("must be from 0 to 30 days")]
    LastDays,
}

impl Reminding {
    /// Checks that every setting is in range.
    ///
    /// # Errors
    /// Returns the first setting that is out of range.
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

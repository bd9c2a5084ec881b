//! Why credits were not moved.

use domain::MessageId;
use sea_orm::DbErr;

use super::{LONGEST_NOTE, MOST_TOPPED_UP};

/// Why credits were not moved.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// Fewer credits are available than needed.
    #[error("{wanted} credits are needed and {available} are available")]
    Insufficient {
        /// The credits needed.
        wanted: i64,
        /// The credits available.
        available: i64,
    },
    /// A correction by zero credits.
    #[error("a correction adds credits or takes some away")]
    Nothing,
    /// A number of credits that is not positive.
    #[error("a number of credits must be positive")]
    NotPositive,
    /// More credits at a time than [`MOST_TOPPED_UP`].
    #[error("no more than {MOST_TOPPED_UP} credits can be added at a time")]
    TooMany,
    /// A note longer than [`LONGEST_NOTE`] characters, or with control characters.
    #[error("a note must be one line of no more than {LONGEST_NOTE} characters")]
    BadNote,
    /// The message has no held credits.
    #[error("{0} has no credits held")]
    NoHold(MessageId),
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl CreditError {
    /// Converts to a database error where no other is expected: anything else is a broken invariant.
    #[must_use]
    pub fn into_db(self) -> DbErr {
        match self {
            Self::Db(error) => error,
            Self::Insufficient { .. }
            | Self::Nothing
            | Self::NotPositive
            | Self::TooMany
            | Self::BadNote
            | Self::NoHold(_) => DbErr::Custom(self.to_string()),
        }
    }
}

//! Why a job was snoozed, read from the error in its row.

/// The error while the carrier is overloaded.
pub const CARRIER_IS_BUSY: &str = "the carrier has too much to do";

/// The error while a text waits for the buyer's day.
pub const NIGHT: &str = "it is too early or too late in the day for the buyer";

/// Why a job was snoozed, as recorded in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBack<'a> {
    /// It is night at the buyer's.
    Night,
    /// The carrier asks for patience.
    CarrierIsBusy,
    /// The rate limit of this name.
    Limit(&'a str),
    /// This service is considered down.
    Down(&'a str),
}

impl<'a> HeldBack<'a> {
    /// Parses a job's last error: one of those above, or the message of a [`NotNow`](super::NotNow). Returns `None` for
    /// any other text.
    #[must_use]
    pub fn read(said: &'a str) -> Option<Self> {
        let limit = || said.strip_prefix("the limit of ").and_then(|rest| rest.strip_suffix(" is reached"));
        let down = || said.strip_suffix(" is taken for down").map(Self::Down);
        match said {
            NIGHT => Some(Self::Night),
            CARRIER_IS_BUSY => Some(Self::CarrierIsBusy),
            _ => limit().map(Self::Limit).or_else(down),
        }
    }
}

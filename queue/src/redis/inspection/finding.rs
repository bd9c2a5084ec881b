//! What an inspection may find.

use std::fmt;

use super::ServerMode;

/// The oldest Redis version with all commands that we use.
pub(super) const OLDEST: (u32, u32) = (6, 2);

/// A problem that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Redis is unreachable or gives no usable answer.
    Away(String),
    /// One of several servers that the URL names does not answer.
    ServerAway {
        /// Its address.
        address: String,
        /// The error.
        why: String,
    },
    /// The URL is that of servers of another mode.
    OtherMode {
        /// The mode that the URL's form is for.
        named: ServerMode,
        /// The mode of the server that answers.
        found: ServerMode,
    },
    /// Redis refuses something that we need.
    Refused {
        /// What was tried.
        what: &'static str,
        /// The error.
        why: String,
    },
    /// It has reached its memory limit and refuses writes.
    Full(String),
    /// It is a replica.
    ReadOnly(String),
    /// It refuses writes because it cannot save them to its disk.
    Unsaved(String),
    /// It may evict our keys when it is full.
    Evicts(String),
    /// It will soon refuse writes.
    NearlyFull(String),
    /// It loses everything at a restart.
    Forgets(String),
    /// It lacks commands that we use.
    TooOld(String),
    /// It does not reveal its configuration.
    Silent(String),
}

impl Finding {
    /// Whether the queues cannot work, or not fully, until the problem is solved.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        match self {
            Self::Away(_)
            | Self::OtherMode { .. }
            | Self::Refused { .. }
            | Self::Full(_)
            | Self::ReadOnly(_)
            | Self::Unsaved(_)
            | Self::TooOld(_) => true,
            Self::ServerAway { .. } | Self::Evicts(_) | Self::NearlyFull(_) | Self::Forgets(_) | Self::Silent(_) => {
                false
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(f, "Redis cannot be used: {why}"),
            Self::ServerAway { address, why } => {
                write!(f, "{address}, which the URL of Redis names, does not answer: {why}")
            }
            Self::OtherMode { named, found } => {
                write!(
                    f,
                    "Redis answers in the mode {found}, and its URL is for the mode {named}: make it {}",
                    found.url()
                )
            }
            Self::Refused { what, why } => write!(
                f,
                "Redis refuses to {what}: {why}. Its user needs `~<prefix>:* &<prefix>:* +@all -@admin -@dangerous +info +role`"
            ),
            Self::Full(why) => write!(f, "Redis is full and takes no writes: {why}"),
            Self::ReadOnly(why) => write!(f, "Redis takes no writes, as a replica does: {why}"),
            Self::Unsaved(why) => write!(f, "Redis takes no writes, because its disk takes none: {why}"),
            Self::Evicts(policy) => write!(
                f,
                "Redis drops keys when its memory is full (maxmemory-policy {policy}): set it to noeviction; what is dropped is found \
                 again from the database, late"
            ),
            Self::NearlyFull(what) => {
                write!(f, "Redis is nearly full ({what}): raise maxmemory, or find out what fills it")
            }
            Self::Forgets(what) => write!(
                f,
                "Redis{what} keeps nothing over a restart: set appendonly yes; without it jobs wait up to a quarter of a minute after one"
            ),
            Self::TooOld(version) => {
                write!(f, "{version} lacks commands that we use: Redis from {}.{}, or Valkey", OLDEST.0, OLDEST.1)
            }
            Self::Silent(why) => write!(f, "how Redis is set up cannot be told ({why}): allow its user +info"),
        }
    }
}

//! The macro behind the declarations of jobs: a payload type for each kind, and [`Kind`], by which rows, queues and settings name it.

use std::{fmt, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use super::Kind;
use crate::Policy;

/// A payload, the queue it goes to, and how it is retried.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind of job, and so the name of its queue.
    const KIND: Kind;
    /// When it is tried again, and how long an attempt may take.
    const POLICY: Policy;
    /// Whether all that it does is in the database, so that what an attempt has done is undone with its transaction. Then the first
    /// attempt is not written before it is made: that the row is as it was is checked where it is finished. And nothing is left of the
    /// row once it is done: what it was about tells what became of it.
    const IN_DATABASE: bool;
}

/// Declares kinds of jobs: `Payload = "queue" { fields } retried policy;`, or `retried policy, all in database;`.
macro_rules! kinds {
    (@in_database) => { false };
    (@in_database database) => { true };
    ($(
        $(#[$meta:meta])*
        $kind:ident = $name:literal { $( $(#[$field_meta:meta])* $field:ident: $type:ty ),+ $(,)? }
        retried $policy:expr $(, all in $place:ident)?;
    )+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $kind {
                $( $(#[$field_meta])* pub $field: $type ),+
            }

            impl Job for $kind {
                const KIND: Kind = Kind::$kind;
                const POLICY: Policy = $policy;
                const IN_DATABASE: bool = kinds!(@in_database $($place)?);
            }
        )+

        /// A kind of job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $( $(#[$meta])* $kind ),+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// Its name: of its queue, in the `job` table, in Redis' keys, in logs and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$kind => $name ),+ }
            }

            /// How its jobs are retried.
            #[must_use]
            pub const fn policy(self) -> Policy {
                match self { $( Self::$kind => <$kind as Job>::POLICY ),+ }
            }

            /// Whether all that its jobs do is in the database: see [`Job::IN_DATABASE`].
            #[must_use]
            pub(crate) const fn is_in_database(self) -> bool {
                match self { $( Self::$kind => <$kind as Job>::IN_DATABASE ),+ }
            }
        }
    };
}
pub(super) use kinds;

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no kind of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of job called {0:?}")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

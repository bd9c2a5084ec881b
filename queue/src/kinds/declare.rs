//! The `kinds!` macro: each declaration expands to a payload type and a variant of [`Kind`], the name used in rows,
//! queues and settings.

use std::{fmt, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use super::Kind;
use crate::Policy;

/// A job's payload, its queue and its retry policy.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind of job, which names its queue.
    const KIND: Kind;
    /// When the job is retried, and how long an attempt may take.
    const POLICY: Policy;
    /// Whether the job only writes to the database, so that rolling back the transaction undoes an attempt completely.
    /// If so, the first claim is not written: finishing checks that the row is still unchanged. A finished job's row is
    /// deleted, since the result is recorded on the row the job was about.
    const IN_DATABASE: bool;
    /// Whether a received event stands for the job: it has the event's id, and no row until an attempt ends without
    /// success. See [`event_jobs`](crate::event_jobs).
    const OF_EVENT: bool;
}

/// Declares kinds of jobs: `Payload = "queue" { fields } retried policy;`, or `retried policy, all in database;`, or
/// `retried policy, all in database, of an event;`. The `$` before them is for the macro that this one defines.
macro_rules! kinds {
    (@is) => { false };
    (@is $word:ident) => { true };
    (($dollar:tt) $(
        $(#[$meta:meta])*
        $kind:ident = $name:literal { $( $(#[$field_meta:meta])* $field:ident: $type:ty ),+ $(,)? }
        retried $policy:expr $(, all in $place:ident $(, of an $event:ident)?)?;
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
                const IN_DATABASE: bool = kinds!(@is $($place)?);
                const OF_EVENT: bool = kinds!(@is $($($event)?)?);
            }
        )+

        /// Evaluates an expression with the payload's type of a kind: `for_kind!(kind, J => run::<J>())`.
        #[macro_export]
        macro_rules! for_kind {
            ($dollar of_kind:expr, $dollar job:ident => $dollar then:expr) => {
                match $dollar of_kind {
                    $( $crate::Kind::$kind => { type $dollar job = $crate::$kind; $dollar then } )+
                }
            };
        }

        /// A kind of job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $( $(#[$meta])* $kind ),+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$kind),+];

            /// The name of the kind: in its queue, the `job` table, Redis keys, logs and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$kind => $name ),+ }
            }

            /// The kind's retry policy.
            #[must_use]
            pub const fn policy(self) -> Policy {
                match self { $( Self::$kind => <$kind as Job>::POLICY ),+ }
            }

            /// Whether its jobs only write to the database; see [`Job::IN_DATABASE`].
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

/// No kind has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of job called {0:?}")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

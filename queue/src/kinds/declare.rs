//! What the declaration of a kind of job stands for: a payload type, and a [`Kind`] by which rows, queues and settings name it.

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
}

/// Declares kinds of jobs: `Payload = "queue" { fields } retried policy;`.
macro_rules! kinds {
    ($(
        $(#[$meta:meta])*
        $kind:ident = $name:literal { $( $(#[$field_meta:meta])* $field:ident: $type:ty ),+ $(,)? }
        retried $policy:expr;
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

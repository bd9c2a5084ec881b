//! How a process uses the database: its name, its connections and its timeouts.

use std::time::Duration;

/// How a process uses the database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// The size of its pool.
    pub connections: u32,
    /// Its name in `PostgreSQL` (`application_name`), unless the URL sets one.
    pub application: String,
    /// Its timeouts.
    pub limits: DbLimits,
}

/// Timeouts that `PostgreSQL` enforces; zero for none. `SQLite` does not support them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DbLimits {
    /// For a statement.
    pub statement: Duration,
    /// For the wait for a lock.
    pub lock: Duration,
    /// For an idle transaction.
    pub idle_in_transaction: Duration,
}

impl DbOptions {
    /// For an operator's command: few connections and no timeouts.
    #[must_use]
    pub(crate) fn unlimited(connections: u32) -> Self {
        Self { connections, application: "paylink".to_owned(), limits: DbLimits::default() }
    }
}

impl DbLimits {
    /// As settings of a `PostgreSQL` session. No statement of ours takes as long as to compile it would, or to start
    /// processes that share it.
    pub(super) fn settings(self) -> [(&'static str, String); 5] {
        let limit = |limit: Duration| format!("{}ms", limit.as_millis());
        [
            ("statement_timeout", limit(self.statement)),
            ("lock_timeout", limit(self.lock)),
            ("idle_in_transaction_session_timeout", limit(self.idle_in_transaction)),
            ("jit", "off".to_owned()),
            ("max_parallel_workers_per_gather", "0".to_owned()),
        ]
    }

    /// Whether no timeout is set.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

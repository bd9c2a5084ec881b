//! Connection settings: the role, the size of the pool, and time limits.

use std::time::Duration;

/// How a process uses the database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// The most connections that its pool opens.
    pub connections: u32,
    /// What `PostgreSQL` shows it as (`application_name`), unless the URL says otherwise.
    pub application: String,
    /// How long things may take there.
    pub limits: DbLimits,
}

/// How long things may take on `PostgreSQL` before it ends them; zero: as long as they take. `SQLite` knows none of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DbLimits {
    /// A statement.
    pub statement: Duration,
    /// The wait for a lock.
    pub lock: Duration,
    /// A transaction in which nothing is done.
    pub idle_in_transaction: Duration,
}

impl DbOptions {
    /// For a command of an operator: few connections, and no limits.
    #[must_use]
    pub(crate) fn unlimited(connections: u32) -> Self {
        Self { connections, application: "paylink".to_owned(), limits: DbLimits::default() }
    }
}

impl DbLimits {
    /// As settings of a session of `PostgreSQL`.
    pub(super) fn settings(self) -> [(&'static str, String); 3] {
        let settings = [
            ("statement_timeout", self.statement),
            ("lock_timeout", self.lock),
            ("idle_in_transaction_session_timeout", self.idle_in_transaction),
        ];
        settings.map(|(name, limit)| (name, format!("{}ms", limit.as_millis())))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

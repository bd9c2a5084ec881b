//! One way to open the database and one way to begin a transaction, for `SQLite` and `PostgreSQL` alike.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

/// How long a writer waits for its turn on `SQLite` before the command is answered 503.
const SQLITE_BUSY: Duration = Duration::from_secs(10);

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db(DatabaseConnection);

impl Db {
    /// Opens `sqlite://path?mode=rwc` or `postgres://…` with a pool of at most `connections`.
    ///
    /// `SQLite` runs in WAL mode with full syncing: what was committed survives a power cut, as it does on `PostgreSQL`.
    ///
    /// # Errors
    /// When the URL is none of ours or the database does not answer.
    pub async fn open(url: &str, connections: u32) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .busy_timeout(SQLITE_BUSY)
                    .foreign_keys(true)
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
            });
        Database::connect(options).await.map(Self)
    }

    /// Begins a transaction that may write. On `SQLite` it takes the write lock at once: a transaction that starts as a reader
    /// and writes later can fail half-way with "database is locked", one that starts as a writer only waits.
    ///
    /// # Errors
    /// When the database does not answer or the wait for the lock was too long.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite = matches!(self.0.get_database_backend(), DbBackend::Sqlite);
        let options = TransactionOptions {
            sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.0.begin_with_options(options).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.0.ping().await
    }

    /// The pool, for reads and for single statements.
    #[must_use]
    pub const fn pool(&self) -> &DatabaseConnection {
        &self.0
    }
}

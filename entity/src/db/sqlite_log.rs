//! `SQLite`'s write-ahead log. Raw SQL: pragmas have no other form.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{Db, pool::another_sqlite};

/// How many times truncating `SQLite`'s write-ahead log is tried, and the pause between two tries.
const TIMES_TRUNCATED: usize = 10;
const BETWEEN_READERS: Duration = Duration::from_millis(50);

impl Db {
    /// Truncates `SQLite`'s write-ahead log, which still holds erased rows. If other connections keep reading, it stays
    /// until the next call. On `PostgreSQL`, vacuuming removes erased rows.
    pub async fn truncate_log(&self) {
        if !self.has_one_writer() {
            return;
        }
        // On its own connection without a busy timeout: waiting to truncate would block all writers.
        let connection = another_sqlite(&self.pool, 1);
        let truncated = truncate(&connection).await;
        if let Err(error) = truncated.and(connection.close().await) {
            tracing::debug!(%error, "the log of the database was not truncated");
        }
    }

    /// Moves everything in `SQLite`'s write-ahead log into the database file and closes it, so that the file is
    /// complete by itself.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written or is open elsewhere.
    pub async fn close_into_file(self) -> Result<(), DbErr> {
        if !self.has_one_writer() {
            return self.pool.close().await;
        }
        let connection = another_sqlite(&self.pool, 1);
        self.writer.close().await?;
        self.pool.close().await?;
        truncate(&connection).await?;
        connection.close().await
    }
}

/// Truncates `SQLite`'s write-ahead log between two readers.
async fn truncate(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let ask = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
    connection.execute_raw(ask("PRAGMA busy_timeout = 100")).await?;
    for _ in 0..TIMES_TRUNCATED {
        let answer = connection.query_one_raw(ask("PRAGMA wal_checkpoint(TRUNCATE)")).await?;
        let busy = answer.map(|row| row.try_get::<i32>("", "busy")).transpose()?.unwrap_or_default();
        if busy == 0 {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_READERS).await;
    }
    Err(DbErr::Custom("others were reading all the time".to_owned()))
}

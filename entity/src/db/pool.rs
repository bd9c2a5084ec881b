//! Opening the pools of connections.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, SqlxPostgresConnector, SqlxSqliteConnector,
    sqlx::{self, Connection, Pool, pool::PoolOptions},
};

use super::{Db, DbOptions, GROUP_SETTINGS, Pooling, commit_listener::CommitListener, postgres};
use crate::metrics;

/// How long a writer waits for the lock on `SQLite` before the command is answered with 503.
const SQLITE_BUSY: Duration = Duration::from_secs(10);

/// How long a connection may be idle before it is pinged. Pinging it every time would double the cost of a statement.
const IDLE: Duration = Duration::from_secs(1);

/// How much of the connection pool is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections that are checked out.
    pub in_use: u32,
    /// Connections that are open and idle.
    pub idle: u32,
    /// The size of the pool.
    pub most: u32,
}

impl Db {
    /// Opens a database for an operator's command or a test, without limits. See [`open_with`](Self::open_with).
    ///
    /// # Errors
    /// Returns an error if the URL is not supported or the database is unreachable.
    pub async fn open(url: &str, connections: u32) -> Result<Self, DbErr> {
        Self::open_with(url, &DbOptions::unlimited(connections)).await
    }

    /// Opens `sqlite://path?mode=rwc` or `postgres://…` with a pool of at most `connections`.
    ///
    /// `SQLite` runs in WAL mode with full syncing: like on `PostgreSQL`, committed data survives a power cut.
    ///
    /// # Errors
    /// Returns an error if the URL is not supported, the database is unreachable, or it is behind a pooler that does
    /// not support prepared statements.
    pub async fn open_with(url: &str, how: &DbOptions) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        let (mut pooling, mut is_limited) = (Pooling::Direct, true);
        if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            let found = postgres::find_out(url, how).await.map_err(|error| without_url(error, url))?;
            if !found.pooling.is_usable() {
                return Err(DbErr::Custom(postgres::NOT_PREPARED.to_owned()));
            }
            (pooling, is_limited) = (found.pooling, found.is_limited);
            options.map_sqlx_postgres_opts(move |_| found.connect.clone());
        }
        options
            .max_connections(how.connections)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire_if_idle_for(IDLE)
            .sqlx_logging(false)
            .map_sqlx_sqlite_pool_opts(keeping_none_in_a_transaction)
            .map_sqlx_postgres_pool_opts(keeping_none_in_a_transaction)
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .busy_timeout(SQLITE_BUSY)
                    .foreign_keys(true)
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    // Overwrites deleted data.
                    .pragma("secure_delete", "ON")
                    // Every join has its index. For a group of rows, SQLite would build an index of the group and scan
                    // the whole table: a hundred times as slow, and slower with every row.
                    .pragma("automatic_index", "OFF")
            });
        let pool = measured(Database::connect(options).await.map_err(|error| without_url(error, url))?);
        let writer = match pool.get_database_backend() {
            DbBackend::Sqlite => another_sqlite(&pool, 1),
            _ => pool.clone(),
        };
        Ok(Self { pool, writer, pooling, is_limited, plans_groups: false, commit_listener: CommitListener::default() })
    }

    /// Separate connections to the same database, opened when needed, for groups of rows that many callers wait for, so
    /// that other queries do not delay them. There are as many as [groups at once](Self::groups_at_once), and one to
    /// read with.
    ///
    /// A pool hands out its connections in turn; the few that write groups stay warm if they do nothing else. Without a
    /// pooler, their sessions plan all statements as [groups](Self::begin_group) need it, so that it is not set for
    /// each transaction.
    #[must_use]
    pub fn aside(&self) -> Self {
        let connections = u32::try_from(self.groups_at_once()).unwrap_or(u32::MAX).saturating_add(1);
        self.apart(connections, !self.pooling.is_pooled())
    }

    /// A single separate connection to the same database, opened when needed, for what may not wait for the others.
    #[must_use]
    pub fn one_aside(&self) -> Self {
        self.apart(1, false)
    }

    fn apart(&self, connections: u32, plans_groups: bool) -> Self {
        if self.has_one_writer() {
            return Self { pool: another_sqlite(&self.pool, connections), ..self.clone() };
        }
        let pool = self.pool.get_postgres_connection_pool();
        let mut connect = (*pool.connect_options()).clone();
        if plans_groups {
            connect = connect.options(GROUP_SETTINGS);
        }
        let pool = pool.options().clone().max_connections(connections).connect_lazy_with(connect);
        let pool = measured(SqlxPostgresConnector::from_sqlx_postgres_pool(pool));
        Self { writer: pool.clone(), pool, plans_groups, ..self.clone() }
    }

    /// How much of the pool is in use now.
    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        if self.has_one_writer() {
            use_of(self.pool.get_sqlite_connection_pool())
        } else {
            use_of(self.pool.get_postgres_connection_pool())
        }
    }
}

/// Discards returned connections that the driver believes are still in a transaction. `SQLite` ends transactions by
/// itself when the disk is full or unreadable; the driver counts them as open for ever, and would turn each later
/// transaction into a savepoint in one that is never committed.
fn keeping_none_in_a_transaction<D: sqlx::Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options.after_release(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // Waits for a rollback that may still be in progress.
                connection.ping().await?;
            }
            let is_over = !connection.is_in_transaction();
            if !is_over {
                tracing::warn!("a connection to the database is thrown away: its transaction did not end");
            }
            Ok(is_over)
        })
    })
}

/// Counts failed statements.
fn measured(mut connection: DatabaseConnection) -> DatabaseConnection {
    connection.set_metric_callback(|statement| {
        if statement.failed {
            metrics::statement_failed();
        }
    });
    connection
}

pub(super) fn another_sqlite(pool: &DatabaseConnection, connections: u32) -> DatabaseConnection {
    measured(SqlxSqliteConnector::from_sqlx_sqlite_pool(another(pool.get_sqlite_connection_pool(), connections)))
}

/// A pool of another size with the same options.
fn another<D: sqlx::Database>(pool: &Pool<D>, connections: u32) -> Pool<D>
where
    <D::Connection as Connection>::Options: Clone,
{
    pool.options().clone().max_connections(connections).connect_lazy_with((*pool.connect_options()).clone())
}

fn use_of<D: sqlx::Database>(pool: &Pool<D>) -> PoolUse {
    let open = pool.size();
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX).min(open);
    PoolUse { in_use: open - idle, idle, most: pool.options().get_max_connections() }
}

/// Hides the URL, with its password, in errors: `SeaORM` prints a URL that it cannot use.
fn without_url(error: DbErr, url: &str) -> DbErr {
    if error.to_string().contains(url) {
        return DbErr::Custom(
            "the database's URL cannot be used: it is sqlite:path or postgres://user:password@host/name".to_owned(),
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_error_about_a_url_does_not_print_its_password() {
        for url in [
            "postgre://paylink:pass-word@db/paylink",
            "mysql://paylink:pass-word@db/paylink",
            "paylink:pass-word@db",
            "postgres://paylink:pass-word@[db/paylink",
            "postgres://paylink:pass-word@db:99999/paylink",
            "postgres://paylink:pass-word@127.0.0.1:1/paylink?sslmode=pass-word2",
        ] {
            let error = Db::open(url, 1).await.expect_err(url);
            let told = format!("{error} {error:?}");
            assert!(!told.contains("pass-word@") && !told.contains("paylink:"), "{told}");
        }
    }
}

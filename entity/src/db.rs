//! Connections and transactions, for `SQLite` and `PostgreSQL` alike.

mod audience;
mod conflict;
mod fault;
mod options;
mod postgres;
mod time;
mod transaction;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
    sqlx::{self, Connection, Pool, pool::PoolOptions},
};

use audience::Audience;
pub use conflict::{is_conflict, retry_conflicts};
pub use fault::DbFault;
pub(crate) use fault::breaks_key;
pub use options::{DbLimits, DbOptions};
pub use postgres::Pooling;
use time::Reading;
pub use time::{DatabaseTime, SKEW_LIMIT};
pub use transaction::Transaction;

use crate::metrics;
use domain::MerchantId;

/// How long a writer waits for the lock on `SQLite` before the command is answered with 503.
const SQLITE_BUSY: Duration = Duration::from_secs(10);

/// How long a connection may be idle before it is pinged. Pinging it every time would double the cost of a statement.
const IDLE: Duration = Duration::from_secs(1);

/// How many times the database is asked for its time; the fastest answer counts.
const TIMES_ASKED: usize = 3;

/// How many times truncating `SQLite`'s write-ahead log is tried, and the pause between two tries.
const TIMES_TRUNCATED: usize = 10;
const BETWEEN_READERS: Duration = Duration::from_millis(50);

/// How `PostgreSQL` plans statements about groups of rows: see [`Db::begin_group`].
const GROUP_PLANS: [(&str, &str); 2] = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")];

/// Commits without waiting for the disk: see [`Db::begin_redoable_group`].
const REDOABLE: (&str, &str) = ("synchronous_commit", "off");

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

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pool: DatabaseConnection,
    /// The single writing connection on `SQLite`, the pool on `PostgreSQL`.
    writer: DatabaseConnection,
    pooling: Pooling,
    is_limited: bool,
    /// Whether [`GROUP_PLANS`] is set for the sessions.
    plans_groups: bool,
    audience: Audience,
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
        Ok(Self { pool, writer, pooling, is_limited, plans_groups: false, audience: Audience::default() })
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
        if self.has_one_writer() {
            return Self { pool: another_sqlite(&self.pool, connections), ..self.clone() };
        }
        let plans_groups = !self.pooling.is_pooled();
        let pool = self.pool.get_postgres_connection_pool();
        let mut connect = (*pool.connect_options()).clone();
        if plans_groups {
            connect = connect.options(GROUP_PLANS);
        }
        let pool = pool.options().clone().max_connections(connections).connect_lazy_with(connect);
        let pool = measured(SqlxPostgresConnector::from_sqlx_postgres_pool(pool));
        Self { writer: pool.clone(), pool, plans_groups, ..self.clone() }
    }

    /// The pooler in front of `PostgreSQL`, if any.
    #[must_use]
    pub const fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// Whether the sessions have the requested limits; a pooler may prevent setting them.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Why `PostgreSQL` refuses new connections, if it does. The pool itself only reports a timeout.
    pub async fn refusal(&self) -> Option<String> {
        if self.has_one_writer() {
            return None;
        }
        postgres::refusal(&self.pool.get_postgres_connection_pool().connect_options()).await
    }

    /// How many groups of rows to write concurrently: on `PostgreSQL`, one proceeds while another waits for the disk.
    #[must_use]
    pub fn groups_at_once(&self) -> usize {
        if self.has_one_writer() { 1 } else { 2 }
    }

    /// Begins a transaction that may write. On `SQLite` it takes the write lock at once: a transaction that begins as a
    /// reader and writes later can fail half-way with "database is locked", while one that begins as a writer only
    /// waits. See [`writer`](Self::writer).
    ///
    /// # Errors
    /// Returns an error if the database is unreachable or the wait for the lock times out.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: self.has_one_writer().then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let (writer, audience) = (self.writer.clone(), self.audience.clone());
        // Spawned, so that it completes even if the caller is dropped: sqlx loses track of a transaction that is
        // dropped while the server begins it, and the next user of the connection would write into that transaction.
        let begun = tokio::spawn(async move {
            writer.begin_with_options(options).await.map(|inner| Transaction::new(inner, audience))
        });
        begun.await.map_err(|error| DbErr::Custom(format!("no transaction was begun: {error}")))?
    }

    /// Calls `tell` after each commit that wrote changes, with their merchants. Only the first call has an effect.
    pub fn on_changes(&self, tell: impl Fn(BTreeSet<MerchantId>) + Send + Sync + 'static) {
        self.audience.set(Box::new(tell));
    }

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

    /// Begins a transaction that reads and writes rows in groups.
    ///
    /// On `PostgreSQL`, statements about a group are planned once, with an index lookup for each row. Left to itself,
    /// the planner plans while the tables are empty, chooses sequential scans, and keeps them as the tables grow until
    /// they are analysed, which does not happen before the first rush is over. The settings are local to the
    /// transaction, so that they work through a pooler, unless they are [the session's](Self::aside).
    ///
    /// # Errors
    /// Returns an error if the database is unreachable or the wait for the lock times out.
    pub async fn begin_group(&self) -> Result<Transaction, DbErr> {
        self.begin_with(None).await
    }

    /// Like [`begin_group`](Self::begin_group), for work that is repeated if the server loses it in a crash: a job is
    /// finished with all its effects or not at all, so a lost job is still due. `PostgreSQL` answers the commit before
    /// it is on disk, a fraction of a second early; any later commit that waits for the disk makes it durable too.
    ///
    /// # Errors
    /// Returns an error if the database is unreachable or the wait for the lock times out.
    pub async fn begin_redoable_group(&self) -> Result<Transaction, DbErr> {
        self.begin_with(Some(REDOABLE)).await
    }

    async fn begin_with(&self, more: Option<(&'static str, &'static str)>) -> Result<Transaction, DbErr> {
        let tx = self.begin().await?;
        if self.has_one_writer() {
            return Ok(tx);
        }
        let plans = GROUP_PLANS.into_iter().filter(|_| !self.plans_groups);
        let settings: Vec<String> =
            plans.chain(more).map(|(name, value)| format!("SET LOCAL {name} = {value}")).collect();
        if !settings.is_empty() {
            // Raw SQL: a prepared statement cannot hold several settings, and this takes one round trip.
            tx.execute_unprepared(&settings.join("; ")).await?;
        }
        Ok(tx)
    }

    /// Whether groups of rows may be read outside of a transaction. On `SQLite`, reads should not occupy the only
    /// writer. On `PostgreSQL`, only the transaction plans statements for groups, unless the sessions do.
    #[must_use]
    pub fn reads_groups_alone(&self) -> bool {
        self.has_one_writer() || self.plans_groups
    }

    /// How long it takes now to get a connection from the pool.
    ///
    /// # Errors
    /// Returns an error if none is available in time.
    pub async fn wait_for_connection(&self) -> Result<Duration, DbErr> {
        let begin = Instant::now();
        let failed = |error: sqlx::Error| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into()));
        if self.has_one_writer() {
            drop(self.pool.get_sqlite_connection_pool().acquire().await.map_err(failed)?);
        } else {
            drop(self.pool.get_postgres_connection_pool().acquire().await.map_err(failed)?);
        }
        Ok(begin.elapsed())
    }

    /// Whether only one transaction at a time can write, as on `SQLite`.
    #[must_use]
    pub fn has_one_writer(&self) -> bool {
        matches!(self.pool.get_database_backend(), DbBackend::Sqlite)
    }

    /// Checks that the database answers; [`heartbeat`](Self::heartbeat) checks more.
    ///
    /// # Errors
    /// Returns an error if it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.pool.ping().await
    }

    /// The database's time, which all processes share.
    ///
    /// # Errors
    /// Returns an error if the database query fails.
    pub async fn now(&self) -> Result<DateTime<Utc>, DbErr> {
        let reading = self.time().await?;
        let now = reading.time + reading.at.elapsed();
        Ok(now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now))
    }

    /// The database's time: the fastest of a few answers on one connection. `SQLite` has no clock of its own; all
    /// processes that use a file run on one machine and use its clock.
    pub(crate) async fn time(&self) -> Result<Reading, DbErr> {
        if self.has_one_writer() {
            let now = Instant::now();
            return Ok(Reading::between(now, now, Utc::now()));
        }
        let tx = self.pool.begin().await?;
        let mut best = ask_time(&tx).await?;
        for _ in 1..TIMES_ASKED {
            let again = ask_time(&tx).await?;
            if again.round_trip < best.round_trip {
                best = again;
            }
        }
        tx.commit().await?;
        Ok(best)
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

    /// The pool, for reads and single statements.
    #[must_use]
    pub const fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// The connection for frequent single writes. On `SQLite` it is the only connection through which this process
    /// writes, and callers queue for it. Writers on several connections would each poll for the lock at ever longer
    /// intervals, and some would wait for seconds.
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.writer
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

async fn ask_time(tx: &impl ConnectionTrait) -> Result<Reading, DbErr> {
    let question = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS now");
    let asked = Instant::now();
    let answer = tx.query_one_raw(question).await?;
    let answered = Instant::now();
    let answer = answer.ok_or_else(|| DbErr::RecordNotFound("the database's time".to_owned()))?;
    Ok(Reading::between(asked, answered, answer.try_get("", "now")?))
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

fn another_sqlite(pool: &DatabaseConnection, connections: u32) -> DatabaseConnection {
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

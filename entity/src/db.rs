//! Opens the database and begins transactions, in the same way for `SQLite` and `PostgreSQL`.

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

/// How long a writer waits for its turn on `SQLite` before the command is answered 503.
const SQLITE_BUSY: Duration = Duration::from_secs(10);

/// How long a connection may lie idle before it is asked whether it still is one. To ask each time would double what a statement
/// costs.
const IDLE: Duration = Duration::from_secs(1);

/// How often the database is asked for its time before an answer is believed.
const TIMES_ASKED: usize = 3;

/// How often it is tried to truncate the log of `SQLite`, and how long it is waited in between.
const TIMES_TRUNCATED: usize = 10;
const BETWEEN_READERS: Duration = Duration::from_millis(50);

/// How `PostgreSQL` plans statements about groups of rows.
const GROUP_PLANS: [(&str, &str); 2] = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")];

/// What a commit does that need not wait for the disk.
const REDOABLE: (&str, &str) = ("synchronous_commit", "off");

/// How much of the pool of connections is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections that somebody holds.
    pub in_use: u32,
    /// Connections that are open and free.
    pub idle: u32,
    /// The most that are opened.
    pub most: u32,
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pool: DatabaseConnection,
    /// On `SQLite` one connection, on `PostgreSQL` the pool.
    writer: DatabaseConnection,
    pooling: Pooling,
    is_limited: bool,
    /// Whether the sessions themselves plan statements as groups want it.
    plans_groups: bool,
    audience: Audience,
}

impl Db {
    /// Opens a database for a command of an operator or a test: with no limits. See [`open_with`](Self::open_with).
    ///
    /// # Errors
    /// When the URL is none of ours or the database does not answer.
    pub async fn open(url: &str, connections: u32) -> Result<Self, DbErr> {
        Self::open_with(url, &DbOptions::unlimited(connections)).await
    }

    /// Opens `sqlite://path?mode=rwc` or `postgres://…` with a pool of at most `connections`.
    ///
    /// `SQLite` runs in WAL mode with full syncing: what was committed survives a power cut, as it does on `PostgreSQL`.
    ///
    /// # Errors
    /// When the URL is none of ours, the database does not answer, or a pooler stands before it through which we cannot work.
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
                    // What is erased is overwritten, and not only forgotten.
                    .pragma("secure_delete", "ON")
                    // Every join of ours has its index. For a group of rows SQLite would rather read the whole table beside an
                    // index that it makes of the group: a hundred times as long, and longer with every row that is added.
                    .pragma("automatic_index", "OFF")
            });
        let pool = measured(Database::connect(options).await.map_err(|error| without_url(error, url))?);
        let writer = match pool.get_database_backend() {
            DbBackend::Sqlite => another_sqlite(&pool, 1),
            _ => pool.clone(),
        };
        Ok(Self { pool, writer, pooling, is_limited, plans_groups: false, audience: Audience::default() })
    }

    /// Connections to the same database that are kept apart from these and opened when they are needed: for groups of rows that
    /// everybody waits for, so that nothing else keeps them waiting. There are as many as [groups at once](Self::groups_at_once),
    /// and one to read with.
    ///
    /// A pool hands its connections out in turn; the few that write groups stay warm when they do nothing else. Where no pooler is in
    /// between, their sessions plan all statements as [groups](Self::begin_group) want it, so that this need not be said each time.
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

    /// What stands between us and `PostgreSQL`.
    #[must_use]
    pub const fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// Whether the sessions have the limits that were asked for; a pooler may keep us from setting them.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Why no new connection to `PostgreSQL` can be had, if none can: a pool says only that it waited in vain.
    pub async fn refusal(&self) -> Option<String> {
        if self.has_one_writer() {
            return None;
        }
        postgres::refusal(&self.pool.get_postgres_connection_pool().connect_options()).await
    }

    /// How many groups of rows are best written at once: on `PostgreSQL` one is worked on while another waits for the disk.
    #[must_use]
    pub fn groups_at_once(&self) -> usize {
        if self.has_one_writer() { 1 } else { 2 }
    }

    /// Begins a transaction that may write. On `SQLite` it takes the write lock at once: a transaction that starts as a reader
    /// and writes later can fail half-way with "database is locked", one that starts as a writer only waits; see
    /// [`writer`](Self::writer).
    ///
    /// # Errors
    /// When the database does not answer or the wait for the lock was too long.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: self.has_one_writer().then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let (writer, audience) = (self.writer.clone(), self.audience.clone());
        // To its end, even if nobody waits for it any more: sqlx forgets a transaction that was given up while the server began it,
        // and whoever got the connection next would write into that one.
        let begun = tokio::spawn(async move {
            writer.begin_with_options(options).await.map(|inner| Transaction::new(inner, audience))
        });
        begun.await.map_err(|error| DbErr::Custom(format!("no transaction was begun: {error}")))?
    }

    /// Has `tell` called after each commit that wrote changes, with whose they are. The first that asks for it stays.
    pub fn on_changes(&self, tell: impl Fn(BTreeSet<MerchantId>) + Send + Sync + 'static) {
        self.audience.set(Box::new(tell));
    }

    /// Has `SQLite` forget what its log still holds of rows that were erased. If others read all the time it stays until the next
    /// time. On `PostgreSQL`, vacuuming does that.
    pub async fn truncate_log(&self) {
        if !self.has_one_writer() {
            return;
        }
        // On a connection of its own, which does not wait: whoever waits to truncate keeps all who write waiting.
        let connection = another_sqlite(&self.pool, 1);
        let truncated = truncate(&connection).await;
        if let Err(error) = truncated.and(connection.close().await) {
            tracing::debug!(%error, "the log of the database was not truncated");
        }
    }

    /// Has `SQLite` put into the database all that its log holds, and release it: then the file by itself is all there is.
    ///
    /// # Errors
    /// When it cannot be written, or others have the database open.
    pub async fn settle(self) -> Result<(), DbErr> {
        if !self.has_one_writer() {
            return self.pool.close().await;
        }
        let connection = another_sqlite(&self.pool, 1);
        self.writer.close().await?;
        self.pool.close().await?;
        truncate(&connection).await?;
        connection.close().await
    }

    /// Begins a transaction that reads and writes rows by the group.
    ///
    /// On `PostgreSQL` statements about a group are planned once, and each row of a table is looked up by its index. Left to itself the
    /// planner makes that plan while the tables are empty and reads them from end to end; it keeps it while they grow, until they are
    /// analysed, which is not before the first rush is over. The settings are the transaction's, so that a pooler keeps them, where they
    /// are not [the session's](Self::aside).
    ///
    /// # Errors
    /// When the database does not answer or the wait for the lock was too long.
    pub async fn begin_group(&self) -> Result<Transaction, DbErr> {
        self.begin_with(None).await
    }

    /// The same for a group that would be done again if the server lost it in a crash: jobs are finished with all that they do, or not at
    /// all, so that a job that was lost is one that is still due. `PostgreSQL` then answers the commit before the disk has it, a
    /// fraction of a second early; whatever is committed after it and does wait makes it durable too.
    ///
    /// # Errors
    /// When the database does not answer or the wait for the lock was too long.
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
            // Raw SQL: all of them in one round trip, which a prepared statement cannot hold.
            tx.execute_unprepared(&settings.join("; ")).await?;
        }
        Ok(tx)
    }

    /// Whether groups of rows are read as well outside of a transaction: `SQLite`'s only writer is not kept waiting by what is read, and
    /// elsewhere it is the transaction that says how `PostgreSQL` plans, unless the sessions do.
    #[must_use]
    pub fn reads_groups_alone(&self) -> bool {
        self.has_one_writer() || self.plans_groups
    }

    /// How long somebody waits now for a connection of the pool.
    ///
    /// # Errors
    /// When none can be had.
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

    /// Whether only one transaction at a time may write, as on `SQLite`.
    #[must_use]
    pub fn has_one_writer(&self) -> bool {
        matches!(self.pool.get_database_backend(), DbBackend::Sqlite)
    }

    /// Whether the database answers; [`heartbeat`](Self::heartbeat) asks for more.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.pool.ping().await
    }

    /// What time it is by the clock that all who use this database share.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(&self) -> Result<DateTime<Utc>, DbErr> {
        let reading = self.time().await?;
        let now = reading.time + reading.at.elapsed();
        Ok(now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now))
    }

    /// The database's time. It is asked a few times on one connection, and the answer that came quickest is believed. `SQLite` has no
    /// clock of its own: all who use one file are on one machine, whose clock it is.
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

    /// How much of the pool is used now.
    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        if self.has_one_writer() {
            use_of(self.pool.get_sqlite_connection_pool())
        } else {
            use_of(self.pool.get_postgres_connection_pool())
        }
    }

    /// The pool, for reads and for single statements.
    #[must_use]
    pub const fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// Where single statements go that write often. On `SQLite` it is the one connection through which this process writes: who
    /// waits for it stands in a line. Writers on several connections would each ask again and again whether the lock is free, at
    /// ever longer intervals, and the unlucky would wait for seconds.
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }
}

/// Truncates the log of `SQLite`, between two moments at which somebody reads.
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

/// Throws away whatever comes back while its transaction is not over, as far as the driver knows. `SQLite` ends transactions by
/// itself when the disk is full or cannot be read; the driver counts them as open for ever, and makes of each later one a savepoint
/// in a transaction that nobody commits.
fn keeping_none_in_a_transaction<D: sqlx::Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options.after_release(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // The rollback may still be under way; this waits for its end.
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

/// Counts the statements that fail.
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

/// A pool with the same options, of another size.
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

/// `SeaORM` prints a URL that it cannot use, with the password in it.
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

//! Connections and transactions, for `SQLite` and `PostgreSQL` alike.

mod commit_listener;
mod conflict;
mod fault;
mod options;
mod pool;
mod postgres;
mod sqlite_log;
mod time;
mod transaction;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

use commit_listener::CommitListener;
pub use conflict::{is_conflict, retry_conflicts};
pub use fault::DbFault;
pub(crate) use fault::breaks_key;
pub use options::{DbLimits, DbOptions};
pub use pool::PoolUse;
pub use postgres::Pooling;
use time::TimeReading;
pub use time::{DatabaseTime, SKEW_LIMIT};
pub use transaction::Transaction;

use domain::MerchantId;

/// How many times the database is asked for its time; the fastest answer counts.
const TIMES_ASKED: usize = 3;

/// How `PostgreSQL` runs transactions about groups of rows: see [`Db::begin_group`].
const GROUP_SETTINGS: [(&str, &str); 3] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    // In milliseconds.
    ("idle_in_transaction_session_timeout", "5000"),
];

/// Commits without waiting for the disk, and waits for nobody's lock for long, in milliseconds: see
/// [`Db::begin_redoable_group`].
const REDOABLE: [(&str, &str); 2] = [("synchronous_commit", "off"), ("lock_timeout", "2000")];

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pool: DatabaseConnection,
    /// The single writing connection on `SQLite`, the pool on `PostgreSQL`.
    writer: DatabaseConnection,
    pooling: Pooling,
    is_limited: bool,
    /// Whether [`GROUP_SETTINGS`] are those of the sessions.
    plans_groups: bool,
    commit_listener: CommitListener,
}

impl Db {
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
        let (writer, commit_listener) = (self.writer.clone(), self.commit_listener.clone());
        // Spawned, so that it completes even if the caller is dropped: sqlx loses track of a transaction that is
        // dropped while the server begins it, and the next user of the connection would write into that transaction.
        let begun = tokio::spawn(async move {
            writer.begin_with_options(options).await.map(|inner| Transaction::new(inner, commit_listener))
        });
        begun.await.map_err(|error| DbErr::Conn(RuntimeErr::Internal(format!("no transaction was begun: {error}"))))?
    }

    /// Calls `on_commit` after each commit that wrote changes, with their merchants. Only the first call has an effect.
    pub fn on_changes(&self, on_commit: impl Fn(BTreeSet<MerchantId>) + Send + Sync + 'static) {
        self.commit_listener.set(Box::new(on_commit));
    }

    /// Begins a transaction that reads and writes rows in groups.
    ///
    /// On `PostgreSQL`, statements about a group are planned once, with an index lookup for each row. Left to itself,
    /// the planner plans while the tables are empty, chooses sequential scans, and keeps them as the tables grow until
    /// they are analysed, which does not happen before the first rush is over. And a group locks the rows of many: if its
    /// process stands still or loses its network in the middle, the server ends the transaction after a few seconds, and
    /// whoever waits for one of the rows goes on. The settings are local to the transaction, so that they work through a
    /// pooler, unless they are [the session's](Self::aside).
    ///
    /// # Errors
    /// Returns an error if the database is unreachable or the wait for the lock times out.
    pub async fn begin_group(&self) -> Result<Transaction, DbErr> {
        self.begin_with(&[]).await
    }

    /// Like [`begin_group`](Self::begin_group), for work that is repeated if the server loses it in a crash: a job is
    /// finished with all its effects or not at all, so a lost job is still due. `PostgreSQL` answers the commit before
    /// it is on disk, a fraction of a second early; any later commit that waits for the disk makes it durable too. It does
    /// not wait long for a locked row, so that nobody holds up the others of a group; the caller does them one by one.
    ///
    /// # Errors
    /// Returns an error if the database is unreachable or the wait for the lock times out.
    pub async fn begin_redoable_group(&self) -> Result<Transaction, DbErr> {
        self.begin_with(&REDOABLE).await
    }

    async fn begin_with(&self, more: &[(&str, &str)]) -> Result<Transaction, DbErr> {
        let tx = self.begin().await?;
        if self.has_one_writer() {
            return Ok(tx);
        }
        let of_groups = GROUP_SETTINGS.iter().filter(|_| !self.plans_groups);
        let settings: Vec<String> =
            of_groups.chain(more).map(|(name, value)| format!("SET LOCAL {name} = {value}")).collect();
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

    /// How long it takes now to get a connection from the pool, or to be told that none is available in time.
    pub async fn wait_for_connection(&self) -> Duration {
        let begin = Instant::now();
        if self.has_one_writer() {
            drop(self.pool.get_sqlite_connection_pool().acquire().await);
        } else {
            drop(self.pool.get_postgres_connection_pool().acquire().await);
        }
        begin.elapsed()
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
    pub async fn now(&self) -> Result<DateTime<Utc>, DbErr> {
        let reading = self.time().await?;
        let now = reading.time + reading.at.elapsed();
        Ok(now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now))
    }

    /// The database's time: the fastest of a few answers on one connection. `SQLite` has no clock of its own; all
    /// processes that use a file run on one machine and use its clock.
    pub(crate) async fn time(&self) -> Result<TimeReading, DbErr> {
        if self.has_one_writer() {
            let now = Instant::now();
            return Ok(TimeReading::between(now, now, Utc::now()));
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

async fn ask_time(tx: &impl ConnectionTrait) -> Result<TimeReading, DbErr> {
    let question = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS now");
    let asked = Instant::now();
    let answer = tx.query_one_raw(question).await?;
    let answered = Instant::now();
    let answer = answer.ok_or_else(|| DbErr::RecordNotFound("the database's time".to_owned()))?;
    Ok(TimeReading::between(asked, answered, answer.try_get("", "now")?))
}

//! Connects to `PostgreSQL`: sets the session's settings, detects a pooler, and reports why a connection is refused.

use std::{
    fmt,
    time::{Duration, Instant},
};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, ConnectOptions, Connection, Executor, PgConnection, Row, postgres::PgConnectOptions},
};
use tokio::time::timeout;

use super::DbOptions;

/// How long connecting is retried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// Timeout for finding out what a pooler does. A pooler with a single server connection would block.
const FIND_OUT_WITHIN: Duration = Duration::from_secs(3);
/// Refusals that may pass: too many connections, starting up or shutting down.
const PASSING: [&str; 3] = ["53300", "57P03", "57P01"];

/// The pooler in front of `PostgreSQL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// None was detected.
    Direct,
    /// A pooler in session mode.
    Sessions,
    /// A pooler in transaction mode, which may use another server connection for each transaction.
    Transactions {
        /// Whether it supports prepared statements.
        prepared: bool,
    },
    /// A pooler whose mode could not be found out.
    Unknown,
}

impl Pooling {
    /// Whether there is a pooler.
    #[must_use]
    pub const fn is_pooled(self) -> bool {
        !matches!(self, Self::Direct)
    }

    /// Whether Paylink works through it.
    #[must_use]
    pub(crate) const fn is_usable(self) -> bool {
        !matches!(self, Self::Transactions { prepared: false })
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "no pooler",
            Self::Sessions => "a pooler that pools sessions",
            Self::Transactions { prepared: true } => "a pooler that pools transactions and knows prepared statements",
            Self::Transactions { prepared: false } => {
                "a pooler that pools transactions and does not know prepared statements"
            }
            Self::Unknown => "a pooler of which it cannot be told what it pools",
        })
    }
}

/// What to do about a pooler that Paylink does not work through.
pub(super) const NOT_PREPARED: &str = "the pooler in front of PostgreSQL hands out a connection for each transaction and does not know \
                                       prepared statements: take PgBouncer from 1.21 with max_prepared_statements = 200, or set \
                                       pool_mode = session, or connect to PostgreSQL itself";

/// How to connect, and what was detected.
pub(super) struct Detected {
    pub(super) connect: PgConnectOptions,
    pub(super) pooling: Pooling,
    /// Whether the sessions have the requested limits.
    pub(super) is_limited: bool,
}

/// Connects once, to report the reason of a refusal: the pool itself only reports a timeout.
pub(super) async fn find_out(url: &str, options: &DbOptions) -> Result<Detected, DbErr> {
    let base: PgConnectOptions = url.parse().map_err(conn)?;
    // Poolers refuse this parameter, and the value is the server's default.
    let base = base.extra_float_digits(None).disable_statement_logging();
    let base = match base.get_application_name() {
        Some(_) => base,
        None => base.application_name(&options.application),
    };
    let limited = base.clone().options(options.limits.settings());
    let (connect, mut connection) = match patiently(&limited).await {
        Ok(connection) => (limited, connection),
        Err(error) if is_about_parameters(&error) => (base.clone(), patiently(&base).await.map_err(conn)?),
        Err(error) => return Err(conn(error)),
    };
    let is_limited = has_limits(&mut connection, options).await.map_err(conn)?;
    // A pooler refuses or ignores parameters that it does not know.
    let is_pooled = connect.get_options().is_none() || !is_limited;
    let pooling = if is_pooled { pooling(&connect).await } else { Pooling::Direct };
    connection.close().await.map_err(conn)?;
    Ok(Detected { connect, pooling, is_limited })
}

/// Why a connection is refused, if it is.
pub(super) async fn refusal(connect: &PgConnectOptions) -> Option<String> {
    match timeout(FIND_OUT_WITHIN, connect.connect()).await {
        Ok(Ok(connection)) => {
            let _ = connection.close().await;
            None
        }
        Ok(Err(error)) => Some(domain::with_sources(&error)),
        Err(_) => Some(format!("nothing answers within {FIND_OUT_WITHIN:?}")),
    }
}

async fn patiently(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let begin = Instant::now();
    let mut refused = sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    loop {
        let left = CONNECT_TIMEOUT.saturating_sub(begin.elapsed());
        match timeout(left, options.connect()).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => refused = error,
            // The last try has little time left: what the one before it was told says more.
            Err(_) => return Err(refused),
        }
        if !may_pass(&refused) || begin.elapsed() + PAUSE >= CONNECT_TIMEOUT {
            return Err(refused);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| PASSING.contains(&code.as_ref())),
        _ => false,
    }
}

/// `PgBouncer` refuses parameters that it does not know; only the message says so.
fn is_about_parameters(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.message().contains("unsupported startup parameter"))
}

async fn has_limits(connection: &mut PgConnection, options: &DbOptions) -> Result<bool, sqlx::Error> {
    // Raw SQL: it runs before the pool exists, and must not leave a prepared statement in the pooler.
    let question = "SELECT setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', \
                    'idle_in_transaction_session_timeout') ORDER BY name";
    let rows = connection.fetch_all(sqlx::raw_sql(question)).await?;
    let set: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let limits = options.limits;
    let wanted = [limits.idle_in_transaction, limits.lock, limits.statement];
    Ok(set == wanted.map(|limit| limit.as_millis().to_string()))
}

/// Finds out the pooler's mode with two connections.
async fn pooling(connect: &PgConnectOptions) -> Pooling {
    match timeout(FIND_OUT_WITHIN, look(connect)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) if is_prepared_by_another(&error) => Pooling::Transactions { prepared: false },
        Ok(Err(error)) => {
            tracing::debug!(%error, "what the pooler does was not found out");
            Pooling::Unknown
        }
        Err(_) => Pooling::Unknown,
    }
}

/// A fresh session met a statement that another has prepared: the pooler hands its connections on as they are.
fn is_prepared_by_another(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "42P05"))
}

/// Two concurrent transactions use two server connections. Of its free connections, a pooler hands out the one most
/// recently used, or the one idle for longest: in one of the two orders, one session gets the other's.
async fn look(connect: &PgConnectOptions) -> Result<Pooling, sqlx::Error> {
    let (mut one, mut other) = (connect.connect().await?, connect.connect().await?);
    for _ in 0..2 {
        begin(&mut one).await?;
        begin(&mut other).await?;
        let (before, prepared) = (backend(&mut one).await?, prepared(&mut one).await);
        prepared?;
        commit(&mut one).await?;
        commit(&mut other).await?;
        begin(&mut one).await?;
        let moved = backend(&mut one).await? != before;
        let knows = prepared_again(&mut one, moved).await;
        if moved {
            return Ok(Pooling::Transactions { prepared: knows });
        }
        commit(&mut one).await?;
        std::mem::swap(&mut one, &mut other);
    }
    Ok(Pooling::Sessions)
}

async fn begin(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql("BEGIN")).await.map(drop)
}

async fn commit(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql("COMMIT")).await.map(drop)
}

async fn backend(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    connection.fetch_one(sqlx::raw_sql("SELECT pg_backend_pid()")).await?.try_get(0)
}

/// Prepares a statement, or reuses it.
async fn prepared(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT 42").fetch_one(connection).await
}

/// Whether a prepared statement still works on another server connection.
async fn prepared_again(connection: &mut PgConnection, moved: bool) -> bool {
    moved && prepared(connection).await.is_ok_and(|answer| answer == 42)
}

fn conn(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

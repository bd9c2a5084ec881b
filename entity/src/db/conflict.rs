//! Conflicts: transactions that failed only because of concurrent ones and left no trace. They are retried at once.
//!
//! # The order of locks
//! A transaction that locks rows of several tables, by updating them or by `SELECT … FOR …`, locks the tables in this order, and the rows
//! of one table in the order of their ids. That rules out deadlocks, so there is nothing to retry:
//!
//! 1. `payment_link`, and with it what its triggers write: `open_link`, `link_intent`
//! 2. `orders`, and with it what its triggers write: `unasked_order`
//! 3. `conversation`
//! 4. `message`, then its `message_picture`
//! 5. `merchant`, the lock under which a ledger grows: last, because all texts of a merchant contend for it
//! 6. rows that only one holder ever locks: `webhook_event`, `webhook_outcome`, `job`, `idempotency_key`
//!
//! Foreign keys lock too: inserting a message locks its link and its conversation (`FOR KEY SHARE`), which conflicts with `FOR UPDATE` and
//! nothing weaker. And on `PostgreSQL` an `UPDATE` that had to wait for a row keeps its lock even if the row no longer matches: that
//! nothing was updated does not mean that nothing is locked. So whatever leads to the ledger always locks its message first
//! ([`message::hold`](crate::message)).

use std::{error::Error, sync::Arc, time::Duration};

use domain::error_chain;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// How often a transaction is tried.
const TRIES: u32 = 4;

/// How long the first wait is; each later one is three times as long. Those who stood in the way end meanwhile.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// `PostgreSQL`: chosen to break a deadlock; could not be serialised. `SQLite`: has read what was overwritten since
/// (`SQLITE_BUSY_SNAPSHOT`).
const CONFLICTS: [&str; 3] = ["40P01", "40001", "517"];

/// Whether this error, or one that it comes from, is the database's word that others stood in the way and nothing was changed.
#[must_use]
pub fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    error_chain(error).any(|error| sqlx_error(error).is_some_and(is_conflict_of_sqlx))
}

fn sqlx_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a sqlx::Error> {
    if let Some(DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error.downcast_ref()
    {
        return Some(error);
    }
    if let Some(RuntimeErr::SqlxError(error)) = error.downcast_ref() {
        return Some(error);
    }
    error.downcast_ref::<Arc<sqlx::Error>>().map(Arc::as_ref).or_else(|| error.downcast_ref())
}

fn is_conflict_of_sqlx(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| CONFLICTS.contains(&code.as_ref()))
}

/// Does something in a transaction, and again as long as it ends in a conflict, a few times. What it does beside the transaction
/// must bear to be done twice.
///
/// # Errors
/// Those of `work`; a conflict when it ended in one each time.
pub async fn retry_conflicts<T, E, F>(mut work: impl FnMut() -> F, is_conflict: impl Fn(&E) -> bool) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES {
        match work().await {
            Err(error) if is_conflict(&error) => tracing::debug!("a transaction met others and is tried again"),
            ended => return ended,
        }
        tokio::time::sleep(wait).await;
        wait *= 3;
    }
    work().await
}

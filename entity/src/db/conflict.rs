//! Retries transactions that failed because of concurrent ones, and changed nothing.
//!
//! # The order of locks
//! A transaction that locks rows of several tables, by an update or by `SELECT … FOR …`, locks them in this order, and
//! rows of one table in the order of their ids. Then no two transactions wait for each other, and nothing has to be
//! retried:
//!
//! 1. `payment_link`, and with it what its triggers write: `open_link`, `link_intent`,
//!    `closed_link`
//! 2. `orders`, and with it what its triggers write: `unasked_order`,
//!    `unpaid_order`
//! 3. `conversation`
//! 4. `message`, then its `message_picture`
//! 5. `merchant`, the lock under which a ledger grows: last, because all texts of a merchant need it
//! 6. `link_sum`, and with it what its trigger writes: `link_sum_day`. Only a tick writes it; what it adds up is only
//!    appended to `link_sum_change`
//! 7. rows with a single holder: `webhook_event`, `webhook_outcome`, `job`, `idempotency_key`
//!
//! A foreign key locks too: inserting a message locks its link and its conversation (`FOR KEY SHARE`), which waits only
//! for a `FOR UPDATE`. On `PostgreSQL`, an `UPDATE` that waited for a row keeps its lock even if the row no longer
//! matches: an update of no rows may still hold locks. So everything that leads to the ledger locks its message first
//! ([`message::hold`](crate::message)).
//! ([`message::hold`](crate::message)).

use std::{error::Error, sync::Arc, time::Duration};

use domain::error_chain;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// How many times a transaction is tried.
const TRIES: u32 = 4;

/// The first wait; each later one is three times as long. The conflicting transactions end meanwhile.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// `PostgreSQL`: deadlock victim; serialization failure. `SQLite`: has read what was overwritten since
/// (`SQLITE_BUSY_SNAPSHOT`).
const CONFLICTS: [&str; 3] = ["40P01", "40001", "517"];

/// Whether the error, or one of its sources, is a conflict with another transaction, so that nothing was changed.
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

/// Runs `work`, a transaction, and retries it a few times on conflicts. Its effects outside of the transaction must be
/// idempotent.
///
/// # Errors
/// Returns the error of `work`, or the last conflict.
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

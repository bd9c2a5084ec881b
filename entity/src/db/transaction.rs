//! A transaction whose commit succeeds only if it was committed.
//!
//! After a failed statement, the databases differ: `PostgreSQL` refuses all others and answers `COMMIT` with a rollback
//! that is not an error; `SQLite` may have rolled back by itself (disk full, I/O error, interrupt) and would run
//! further statements outside of any transaction. So the first failure is remembered: no statement runs after it, and
//! the commit returns it.
//!
//! Changes and audit entries are written last, right before the commit. The changes are published after it (see
//! [`change`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement, TransactionTrait,
};

use super::commit_listener::CommitListener;
use crate::{
    audit::{self, Act},
    change::{self, Change, TransactionChanges},
};

/// An open transaction, or a savepoint in one. Rolled back on drop.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    health: Arc<FirstFailure>,
    changes: Arc<Mutex<TransactionChanges>>,
    done: Arc<Mutex<Vec<audit::Model>>>,
    commit_listener: CommitListener,
    /// The transaction around this savepoint.
    outer: Option<Outer>,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, commit_listener: CommitListener) -> Self {
        Self {
            inner,
            health: Arc::default(),
            changes: Arc::default(),
            done: Arc::default(),
            commit_listener,
            outer: None,
        }
    }

    /// Records a change. It is written in the same transaction as what has changed.
    pub fn changed(&self, change: Change) {
        lock(&self.changes).add(change);
    }

    /// Records an act for the audit log. The commit writes it.
    pub fn done(&self, act: Act<'_>, now: DateTime<Utc>) {
        lock(&self.done).push(act.entry(now));
    }

    /// Begins a part that can be rolled back by itself. It must be ended before the outer transaction; dropping it
    /// makes the outer one fail.
    ///
    /// # Errors
    /// Returns an error if an earlier statement failed, or if the database is unreachable.
    pub async fn savepoint(&self) -> Result<Self, DbErr> {
        let inner = self.health.watch(self.inner.begin()).await?;
        let outer = Outer {
            health: Arc::clone(&self.health),
            changes: Arc::clone(&self.changes),
            done: Arc::clone(&self.done),
            ended: false,
        };
        Ok(Self { outer: Some(outer), ..Self::new(inner, self.commit_listener.clone()) })
    }

    /// The transaction as sea-orm's migrator needs it. Failures in it are not remembered, so the caller must roll back.
    #[must_use]
    pub const fn for_migrator(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Commits. The writes are durable if this returns `Ok`; an error may also mean that the database's answer was
    /// lost.
    ///
    /// # Errors
    /// Returns the error of the first failed statement, or an error if the commit fails.
    pub async fn commit(self) -> Result<(), DbErr> {
        let (mut changes, mut done) = (Vec::new(), Vec::new());
        if self.outer.is_none() {
            changes = lock(&self.changes).take();
            done.append(&mut lock(&self.done));
        }
        // A failure is remembered, and checked next.
        let _ = change::insert_all(&self, &changes, done).await;
        if let Some(error) = self.health.failure() {
            // If this fails as well, the connection is discarded.
            let _ = self.rollback().await;
            return Err(error);
        }
        let committed = self.inner.commit().await;
        match self.outer {
            Some(outer) => {
                if committed.is_ok() {
                    lock(&outer.changes).append(std::mem::take(&mut lock(&self.changes)));
                    lock(&outer.done).append(&mut lock(&self.done));
                }
                outer.end(&committed);
            }
            // Published even if the answer was lost: readers find what was written, or nothing.
            None => self.commit_listener.publish(&changes),
        }
        committed
    }

    /// Rolls back. After a failed savepoint is rolled back, the outer transaction can go on.
    ///
    /// # Errors
    /// Returns an error if the database is unreachable, or has already rolled back the whole transaction by itself: then
    /// that of the statement which made it, since the database now only says that there is no transaction.
    pub async fn rollback(self) -> Result<(), DbErr> {
        let rolled_back = self.inner.rollback().await.map_err(|error| self.health.failure().unwrap_or(error));
        if let Some(outer) = self.outer {
            outer.end(&rolled_back);
        }
        rolled_back
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.health.watch(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.health.watch(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.health.watch(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.health.watch(self.inner.query_all_raw(statement)).await
    }
}

#[derive(Debug, Default)]
struct FirstFailure(Mutex<Option<DbErr>>);

impl FirstFailure {
    /// Runs a statement unless one has failed. A statement that is dropped before it ends counts as failed, since its
    /// outcome is unknown.
    async fn watch<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let unfinished = Unfinished(self);
        let result = statement.await;
        std::mem::forget(unfinished);
        if let Err(error) = &result {
            self.fail(error.clone());
        }
        result
    }

    fn failure(&self) -> Option<DbErr> {
        self.lock().clone()
    }

    fn fail(&self, error: DbErr) {
        self.lock().get_or_insert(error);
    }

    fn lock(&self) -> MutexGuard<'_, Option<DbErr>> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A statement in progress.
struct Unfinished<'a>(&'a FirstFailure);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.fail(DbErr::Custom("a statement of this transaction was not waited for".to_owned()));
    }
}

/// The transaction around a savepoint, which fails unless the savepoint is ended.
#[derive(Debug)]
struct Outer {
    health: Arc<FirstFailure>,
    changes: Arc<Mutex<TransactionChanges>>,
    done: Arc<Mutex<Vec<audit::Model>>>,
    ended: bool,
}

impl Outer {
    fn end(mut self, result: &Result<(), DbErr>) {
        self.ended = true;
        if let Err(error) = result {
            self.health.fail(error.clone());
        }
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        if !self.ended {
            self.health.fail(DbErr::Custom("a savepoint of this transaction was not ended".to_owned()));
        }
    }
}

//! A transaction that reports success only if it was really committed.
//!
//! After a failed statement the databases differ: `PostgreSQL` refuses all further statements and answers `COMMIT` with a rollback that is
//! not an error; `SQLite` may have rolled back on its own (disk full, I/O error, interrupt) and would run what follows outside any
//! transaction. So the first failure is remembered here: nothing runs after it, and the commit returns it.
//!
//! What changed, and who changed it, is written just before the commit; followers are told after it (see [`change`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement, TransactionTrait,
};

use super::audience::Audience;
use crate::{
    audit::{self, Act},
    change::{self, Change, Changes},
};

/// An open transaction, or a savepoint in one. Dropped without an end, it is rolled back.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    health: Arc<Health>,
    changes: Arc<Mutex<Changes>>,
    done: Arc<Mutex<Vec<audit::Model>>>,
    audience: Audience,
    /// The transaction that this is a savepoint of.
    outer: Option<Outer>,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, audience: Audience) -> Self {
        Self { inner, health: Arc::default(), changes: Arc::default(), done: Arc::default(), audience, outer: None }
    }

    /// Says what is changed in it. A change is written with what it is a change of, or not at all.
    pub fn changed(&self, change: Change) {
        lock(&self.changes).add(change);
    }

    /// Says who does what in it, for the audit log: the commit writes it with what is changed.
    pub fn done(&self, act: Act<'_>, now: DateTime<Utc>) {
        lock(&self.done).push(act.entry(now));
    }

    /// Begins a part that can be rolled back alone. It must be ended before the whole is: dropped without an end, it spoils the whole.
    ///
    /// # Errors
    /// When a statement failed before, or the database does not answer.
    pub async fn savepoint(&self) -> Result<Self, DbErr> {
        let inner = self.health.watch(self.inner.begin()).await?;
        let outer = Outer {
            health: Arc::clone(&self.health),
            changes: Arc::clone(&self.changes),
            done: Arc::clone(&self.done),
            ended: false,
        };
        Ok(Self { outer: Some(outer), ..Self::new(inner, self.audience.clone()) })
    }

    /// The same to sea-orm's migrator, which takes no other. What fails there is not remembered here: roll back then.
    #[must_use]
    pub const fn for_migrator(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Commits: what was written is there for good if, and only if, this answers `Ok`. An error after the database was asked may
    /// also mean that its answer was lost.
    ///
    /// # Errors
    /// When a statement failed before, and then with its error; or when the database refuses or does not answer.
    pub async fn commit(self) -> Result<(), DbErr> {
        let (mut changes, mut done) = (Vec::new(), Vec::new());
        if self.outer.is_none() {
            changes = lock(&self.changes).take();
            done.append(&mut lock(&self.done));
        }
        // What fails is remembered, and looked for next.
        let _ = change::insert_all(&self, &changes, done).await;
        if let Some(error) = self.health.failure() {
            // Where this fails, too, the connection is thrown away.
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
            // Told even if the answer was lost: whoever looks finds what was written, or nothing.
            None => self.audience.tell(&changes),
        }
        committed
    }

    /// Undoes what was written. A savepoint that failed and was undone leaves the whole as if it had never been.
    ///
    /// # Errors
    /// When the database does not answer, or has rolled back more than that by itself.
    pub async fn rollback(self) -> Result<(), DbErr> {
        let rolled_back = self.inner.rollback().await;
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

/// The first failure of a transaction.
#[derive(Debug, Default)]
struct Health(Mutex<Option<DbErr>>);

impl Health {
    /// Runs a statement, unless one has failed. One that is not waited for to its end counts as failed: nobody knows.
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

/// A statement that was begun.
struct Unfinished<'a>(&'a Health);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.fail(DbErr::Custom("a statement of this transaction was not waited for".to_owned()));
    }
}

/// The transaction around a savepoint, which is spoilt unless the savepoint is ended well.
#[derive(Debug)]
struct Outer {
    health: Arc<Health>,
    changes: Arc<Mutex<Changes>>,
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

//! Ends long-lived responses, such as event streams, once the key or session they were opened with is no longer valid.
//! While there are any, one task per process checks all of them together every two seconds.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::{ApiKeyId, Clock};
use entity::{Db, api_key, session};
use sea_orm::DbErr;
use tokio::{sync::oneshot, task::AbortHandle};

use crate::auth::Principal;

/// The interval of the checks: a revoked response ends within this time and the duration of a check.
const EVERY: Duration = Duration::from_secs(2);
/// The most credentials in one query.
const AT_ONCE: usize = 500;

/// The credential of a response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Credential {
    Key(ApiKeyId),
    Session(Vec<u8>),
}

/// A response in progress, which ends when the sender is dropped.
type Watched = (Credential, oneshot::Sender<()>);

/// All responses in progress in this process.
#[derive(Debug)]
pub(crate) struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    watched: Mutex<Vec<Watched>>,
    task: Mutex<Option<AbortHandle>>,
}

impl Watch {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        Self(Arc::new(Inner { db, clock, watched: Mutex::default(), task: Mutex::default() }))
    }

    /// Resolves when the caller's credential is no longer valid. Must be called in a tokio runtime.
    pub(crate) fn until_over(&self, caller: &Principal) -> impl Future<Output = ()> + Send + use<> {
        let credential = match &caller.session {
            Some(session) => Credential::Session(session.clone()),
            None => Credential::Key(caller.key),
        };
        let (goes_on, over) = oneshot::channel();
        self.0.watched().push((credential, goes_on));
        self.0.ensure();
        async move {
            // Nothing is ever sent; the receiver fails when the sender is dropped.
            let _ = over.await;
        }
    }
}

impl Inner {
    fn watched(&self) -> MutexGuard<'_, Vec<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ensure(self: &Arc<Self>) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            *task = Some(tokio::spawn(watch(Arc::downgrade(self))).abort_handle());
        }
    }

    /// Ends responses whose credential is no longer valid. If the query fails, all continue.
    async fn look(&self) -> Result<(), DbErr> {
        let asked: Vec<Credential> = {
            let mut watched = self.watched();
            watched.retain(|(_, goes_on)| !goes_on.is_closed());
            watched.iter().map(|(credential, _)| credential.clone()).collect()
        };
        for some in asked.chunks(AT_ONCE) {
            let in_force = self.in_force(some).await?;
            let over: HashSet<&Credential> = some.iter().filter(|credential| !in_force.contains(credential)).collect();
            self.watched().retain(|(credential, _)| !over.contains(credential));
        }
        Ok(())
    }

    async fn in_force(&self, asked: &[Credential]) -> Result<HashSet<Credential>, DbErr> {
        let (mut keys, mut sessions) = (Vec::new(), Vec::new());
        for credential in asked {
            match credential {
                Credential::Key(key) => keys.push(*key),
                Credential::Session(hash) => sessions.push(hash.clone()),
            }
        }
        let pool = self.db.pool();
        let mut found = HashSet::new();
        if !keys.is_empty() {
            found.extend(api_key::in_force(pool, keys, self.clock.now()).await?.into_iter().map(Credential::Key));
        }
        if !sessions.is_empty() {
            let alive = session::in_force(pool, sessions, self.clock.now()).await?;
            found.extend(alive.into_iter().map(Credential::Session));
        }
        Ok(found)
    }
}

/// Checks until no response is in progress.
async fn watch(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.look().await {
            tracing::debug!(%error, "it is not known who is still to be let in; asking again");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

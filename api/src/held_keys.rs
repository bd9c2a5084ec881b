//! The idempotency keys of the commands that this process runs. It holds each for a few seconds, and all of them for
//! longer by saying once a second that it is alive: a single statement, and none while no command takes that long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use domain::{Clock, KeyHolderId, MerchantId};
use entity::{
    Db,
    idempotency::{self, HeldKey},
};

/// How often the process says that it is alive, while it runs a command that has taken as long.
const RENEWAL: Duration = Duration::from_secs(1);

/// All keys that this process holds.
#[derive(Debug)]
pub(crate) struct HeldKeys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    holder: KeyHolderId,
    held: Mutex<HeldSet>,
}

#[derive(Debug, Default)]
struct HeldSet {
    /// Since when.
    keys: HashMap<HeldKey, Instant>,
    /// Whether a task renews them, which ends once there are none.
    is_renewed: bool,
}

/// A key that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Holding<'a> {
    all: &'a HeldKeys,
    key: HeldKey,
}

impl HeldKeys {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        let holder = KeyHolderId::new(clock.now());
        Self(Arc::new(Inner { db, clock, holder, held: Mutex::default() }))
    }

    /// This process, in the rows of its keys.
    pub(crate) fn holder(&self) -> KeyHolderId {
        self.0.holder
    }

    /// Whether this process runs the command that has this key.
    pub(crate) fn has(&self, merchant: MerchantId, key: &str) -> bool {
        self.0.held().keys.keys().any(|held| held.is(merchant, key))
    }

    /// Holds a key that was just claimed. Must be called in a tokio runtime.
    pub(crate) fn hold(&self, key: HeldKey) -> Holding<'_> {
        let mut held = self.0.held();
        held.keys.insert(key.clone(), Instant::now());
        if !std::mem::replace(&mut held.is_renewed, true) {
            tokio::spawn(renew(Arc::downgrade(&self.0)));
        }
        Holding { all: self, key }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.all.0.held().keys.remove(&self.key);
    }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, HeldSet> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long the oldest key has been held. If there is none, nothing is renewed any more.
    fn longest(&self) -> Option<Duration> {
        let mut held = self.held();
        let oldest = held.keys.values().min().map(Instant::elapsed);
        held.is_renewed = oldest.is_some();
        oldest
    }
}

/// Renews the hold on all keys until there are none, over a connection of its own: the slow commands may have all others.
/// If it cannot, a command fails at worst, as [`idempotency::finish`] refuses what another has taken over.
async fn renew(inner: Weak<Inner>) {
    let mut own = None;
    loop {
        tokio::time::sleep(RENEWAL).await;
        let Some(inner) = inner.upgrade() else { return };
        let Some(longest) = inner.longest() else { return };
        if longest < RENEWAL {
            continue;
        }
        let db: &Db = own.get_or_insert_with(|| inner.db.one_aside());
        if let Err(error) = idempotency::holder::renew(db.pool(), inner.holder, inner.clock.now()).await {
            tracing::debug!(%error, "the hold on idempotency keys could not be renewed");
        }
    }
}

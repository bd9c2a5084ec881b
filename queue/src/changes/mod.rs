//! Numbers changes right after the commit that wrote them, and publishes them to live subscribers. Due webhooks are
//! written in the transaction that numbers, so that none is missed.
//!
//! Every commit that wrote changes reports their merchants ([`Db::on_changes`]). One task per process numbers the
//! changes of all merchants that were written meanwhile, and publishes them. Others may number a change too: another
//! process, a reader who is ahead of the task, or the scheduler after a crash. They run one after the other, and each
//! numbers what is left.

mod delivery_jobs;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use domain::{Clock, MerchantId};
use entity::{
    Db,
    change::{self, Numbered},
    webhook_endpoint::delivery,
};
use sea_orm::DbErr;

use crate::{live::Live, notify::Notifier};

use delivery_jobs::deliver_all;
pub use delivery_jobs::{deliver_from, enqueue_delivery};

/// How many merchants' changes are numbered in one transaction, which holds all their locks.
const MERCHANTS_AT_ONCE: usize = 50;

/// The shortest pause between two transactions.
const REST: Duration = Duration::from_millis(10);

/// How long to pause per time spent numbering, so that numbering takes at most a quarter of the time.
const REST_PER_WORK: u32 = 3;

/// Numbers changes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    live: Live,
    notifier: Notifier,
    pending: Mutex<PendingChanges>,
}

#[derive(Debug, Default)]
struct PendingChanges {
    merchants: BTreeSet<MerchantId>,
    is_running: bool,
}

impl Changes {
    /// Numbers what is committed to this database from now on, as long as this or a clone exists.
    pub(crate) fn follow(db: Db, clock: Clock, live: Live, notifier: Notifier) -> Self {
        let inner = Arc::new(Inner { db, clock, live, notifier, pending: Mutex::default() });
        let weak = Arc::downgrade(&inner);
        inner.db.on_changes(move |merchants| take(&weak, merchants));
        Self(inner)
    }

    /// Numbers and publishes all changes of these merchants. Returns how many there were.
    pub async fn number(&self, merchants: &BTreeSet<MerchantId>) -> Result<u64, DbErr> {
        let merchants: Vec<MerchantId> = merchants.iter().copied().collect();
        let mut numbered = 0;
        for merchants in merchants.chunks(MERCHANTS_AT_ONCE) {
            let merchants = merchants.iter().copied().collect();
            loop {
                let (more, has_more) = self.number_some(&merchants).await?;
                numbered += more;
                if !has_more {
                    break;
                }
            }
        }
        Ok(numbered)
    }

    /// Numbers the unnumbered changes of all merchants. Returns how many there were.
    pub async fn number_left_over(&self) -> Result<u64, DbErr> {
        let mut numbered = 0;
        loop {
            let merchants = change::unnumbered(self.0.db.pool(), MERCHANTS_AT_ONCE as u64).await?;
            if merchants.is_empty() {
                return Ok(numbered);
            }
            numbered += self.number(&merchants).await?;
        }
    }

    /// Returns how many were numbered, and whether there may be more.
    async fn number_some(&self, merchants: &BTreeSet<MerchantId>) -> Result<(u64, bool), DbErr> {
        // Unnumbered changes have an index, so that this does not slow down as the feed grows.
        let tx = self.0.db.begin_group().await?;
        let Numbered { changes, has_more } = change::number(&tx, merchants).await?;
        let told = delivery::write_of(&tx, &changes).await?;
        let jobs = deliver_all(&tx, &told, self.0.clock.now()).await?;
        tx.commit().await?;
        self.0.notifier.notify(jobs);
        let numbered = changes.len() as u64;
        self.0.live.publish(changes);
        Ok((numbered, has_more))
    }

    /// Runs until no changes are left.
    async fn run(&self) {
        while let Some(merchants) = self.next() {
            let began = Instant::now();
            if let Err(error) = self.number(&merchants).await {
                tracing::warn!(%error, "changes were not numbered; the scheduler will");
            }
            tokio::time::sleep(REST.max(began.elapsed() * REST_PER_WORK)).await;
        }
    }

    fn next(&self) -> Option<BTreeSet<MerchantId>> {
        let mut pending = self.pending();
        let merchants = std::mem::take(&mut pending.merchants);
        pending.is_running = !merchants.is_empty();
        pending.is_running.then_some(merchants)
    }

    fn pending(&self) -> MutexGuard<'_, PendingChanges> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds merchants with changes to number, and starts the task unless it is running.
fn take(changes: &Weak<Inner>, merchants: BTreeSet<MerchantId>) {
    let Some(changes) = changes.upgrade().map(Changes) else { return };
    let is_running = {
        let mut pending = changes.pending();
        pending.merchants.extend(merchants);
        std::mem::replace(&mut pending.is_running, true)
    };
    if !is_running {
        tokio::spawn(async move { changes.run().await });
    }
}

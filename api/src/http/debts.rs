//! Keeps track of what merchants have used, as debts that are paid off as time passes, one second's worth per second.
//!
//! No request waits for Redis. Each process decides by what it knows, reports its own spending once that exceeds a threshold, and learns of
//! the others' spending in return. Light users therefore cost Redis nothing. Without Redis, each process counts alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::MerchantId;
use queue::redis::RedisQueues;

/// How many merchants are remembered before those who owe nothing are forgotten.
const MOST_MERCHANTS: usize = 10_000;

/// What each merchant owes of one kind. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Debts {
    kind: Kind,
    ledger: Arc<Ledger>,
    queues: RedisQueues,
}

/// Of what it is owed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// What the others call it, before the merchant's id.
    pub(crate) name: &'static str,
    /// What may be owed at most.
    pub(crate) most: Duration,
    /// How much is told to the others at once.
    pub(crate) share: Duration,
}

/// What each merchant owes, as far as this process knows.
#[derive(Debug, Default)]
struct Ledger(Mutex<HashMap<MerchantId, Debt>>);

#[derive(Debug, Clone, Copy)]
struct Debt {
    owed: Duration,
    at: Instant,
    /// What has not been reported to the others yet.
    untold: Duration,
    is_being_told: bool,
}

impl Debts {
    /// Of this kind; nobody owes anything.
    pub(crate) fn new(kind: Kind, queues: RedisQueues) -> Self {
        Self { kind, ledger: Arc::default(), queues }
    }

    /// Has the merchant owe so much more; answers what is owed then, and how long to wait if that would be too much: nothing is added
    /// to it in that case.
    pub(crate) fn spend(&self, merchant: MerchantId, cost: Duration, now: Instant) -> (Duration, Result<(), Duration>) {
        let mut debts = self.ledger.lock();
        if debts.len() >= MOST_MERCHANTS {
            debts.retain(|_, debt| debt.is_being_told || !debt.owed_at(now).is_zero());
        }
        let debt = debts.entry(merchant).or_insert(Debt::none(now));
        let spent = debt.spend(cost, self.kind.most, now);
        if !debt.is_being_told && debt.untold >= self.kind.share {
            debt.is_being_told = true;
            let untold = std::mem::take(&mut debt.untold);
            let name = format!("{}{merchant}", self.kind.name);
            tokio::spawn(report(Arc::clone(&self.ledger), self.queues.clone(), name, merchant, untold));
        }
        (debt.owed_at(now), spent)
    }

    /// Has the merchant owe so much more, however much that is.
    pub(crate) fn owe(&self, merchant: MerchantId, cost: Duration, now: Instant) {
        self.ledger.lock().entry(merchant).or_insert(Debt::none(now)).owe(cost, now);
    }
}

impl Debt {
    const fn none(now: Instant) -> Self {
        Self { owed: Duration::ZERO, at: now, untold: Duration::ZERO, is_being_told: false }
    }

    fn owed_at(&self, now: Instant) -> Duration {
        self.owed.saturating_sub(now.saturating_duration_since(self.at))
    }

    fn spend(&mut self, cost: Duration, most: Duration, now: Instant) -> Result<(), Duration> {
        let owed = self.owed_at(now) + cost;
        if owed > most {
            return Err(owed.saturating_sub(most));
        }
        self.owe(cost, now);
        Ok(())
    }

    fn owe(&mut self, cost: Duration, now: Instant) {
        (self.owed, self.at) = (self.owed_at(now) + cost, now);
        self.untold += cost;
    }

    /// Takes over what all owe together, to which this process has added meanwhile.
    fn learn(&mut self, all: Duration, now: Instant) {
        (self.owed, self.at) = (all + self.untold, now);
    }
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, HashMap<MerchantId, Debt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports to the others what was spent. If it does not reach Redis, it is not reported again: by then it is paid off, or this process
/// counts on.
async fn report(ledger: Arc<Ledger>, queues: RedisQueues, name: String, merchant: MerchantId, spent: Duration) {
    let all = queues.spend(&name, spent).await;
    if let Some(debt) = ledger.lock().get_mut(&merchant) {
        debt.is_being_told = false;
        match all {
            Ok(all) => debt.learn(all, Instant::now()),
            Err(error) => tracing::debug!(%error, "what a merchant has used is counted by this process alone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_others_have_spent_counts() {
        let (now, most) = (Instant::now(), 1_000 * MS);
        let mut debt = Debt::none(now);
        debt.spend(100 * MS, most, now).unwrap();
        // That was reported to them; meanwhile there was one more.
        debt.untold = Duration::ZERO;
        debt.spend(100 * MS, most, now).unwrap();
        debt.learn(850 * MS, now);
        assert_eq!(debt.owed_at(now), 950 * MS);
        assert_eq!(debt.spend(100 * MS, most, now), Err(50 * MS));
    }
}

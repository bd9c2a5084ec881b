//! Keeps track of what merchants have used, as debts that are paid off as time passes, one second's worth per second.
//!
//! No request waits for Redis. Each process decides by what it knows, reports its own spending once that exceeds a
//! threshold, and learns of the others' spending in return. Light users therefore cost Redis nothing. Without Redis,
//! each process counts alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::MerchantId;
use queue::redis::RedisQueues;

/// How many merchants are kept before those without debt are dropped.
const MOST_MERCHANTS: usize = 10_000;

/// The debts of all merchants, of one kind. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Debts {
    kind: DebtKind,
    ledger: Arc<Ledger>,
    queues: RedisQueues,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct DebtKind {
    /// Its name in Redis, before the merchant's id.
    pub(crate) name: &'static str,
    /// The largest debt.
    pub(crate) most: Duration,
    /// How much is reported to other processes at once.
    pub(crate) share: Duration,
}

/// A merchant's debt, as far as this process knows.
#[derive(Debug, Default)]
struct Ledger(Mutex<HashMap<MerchantId, Debt>>);

#[derive(Debug, Clone, Copy)]
struct Debt {
    owed: Duration,
    at: Instant,
    /// The part that was not reported yet.
    untold: Duration,
    is_being_told: bool,
}

impl Debts {
    /// Starts without any debts.
    pub(crate) fn new(kind: DebtKind, queues: RedisQueues) -> Self {
        Self { kind, ledger: Arc::default(), queues }
    }

    /// Adds to the merchant's debt. Returns the debt, and how long to wait if it would be too large; nothing is added
    /// then.
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

    /// Adds to the merchant's debt without a limit.
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

    /// Takes over the total of all processes, and keeps what this process has added since.
    fn learn(&mut self, all: Duration, now: Instant) {
        (self.owed, self.at) = (all + self.untold, now);
    }
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, HashMap<MerchantId, Debt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports spending to the other processes. A failed report is not repeated: by then the debt is paid off, or this
/// process keeps counting.
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
        // The first was reported; meanwhile another was added.
        debt.untold = Duration::ZERO;
        debt.spend(100 * MS, most, now).unwrap();
        debt.learn(850 * MS, now);
        assert_eq!(debt.owed_at(now), 950 * MS);
        assert_eq!(debt.spend(100 * MS, most, now), Err(50 * MS));
    }
}

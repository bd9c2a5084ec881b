//! Queues for work of one merchant. Texts of one merchant are serialized anyway, by the lock on the row with the
//! merchant's credits; here they wait in order and without holding a database connection, so a thousand at once neither
//! lock out other merchants nor fail for want of a connection. Long lists have a queue of their own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use domain::MerchantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// The longest wait: less than the minute after which proxies time out.
const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// The queues of all merchants. Each process counts for itself.
#[derive(Debug)]
pub(crate) struct Turns {
    queues: Mutex<HashMap<MerchantId, Weak<Semaphore>>>,
    at_once: usize,
    patience: Duration,
}

/// A turn, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

impl Turns {
    /// For a pool of this many connections, of which one merchant may use half.
    pub(crate) fn with_connections(most: u32) -> Self {
        let at_once = usize::try_from(most / 2).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Self { queues: Mutex::default(), at_once, patience: LONGEST_WAIT }
    }

    /// Waits for a turn of this merchant.
    ///
    /// # Errors
    /// Returns 503 on a timeout; nothing was done then.
    pub(crate) async fn take(&self, merchant: MerchantId) -> Result<Turn, Problem> {
        let permit = tokio::time::timeout(self.patience, self.queue(merchant).acquire_owned()).await;
        let permit = permit.map_err(|elapsed| Problem::unavailable("overloaded", elapsed))?;
        permit.map(Turn).map_err(Problem::internal)
    }

    /// The merchant's queue, which exists while it is used.
    fn queue(&self, merchant: MerchantId) -> Arc<Semaphore> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&merchant).and_then(Weak::upgrade) {
            return queue;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::new(Semaphore::new(self.at_once));
        queues.insert(merchant, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    async fn comes_at_once(turns: &Turns, merchant: MerchantId) -> bool {
        tokio::time::timeout(Duration::from_millis(20), turns.take(merchant)).await.is_ok()
    }

    #[tokio::test]
    async fn a_merchant_waits_for_its_own_turns_and_not_for_anothers() {
        let (one, other) = (MerchantId::new(Utc::now()), MerchantId::new(Utc::now()));
        let turns = Turns::with_connections(4);
        let first = turns.take(one).await.unwrap();
        let _second = turns.take(one).await.unwrap();
        assert!(!comes_at_once(&turns, one).await);
        assert!(comes_at_once(&turns, other).await);
        drop(first);
        assert!(comes_at_once(&turns, one).await);
    }

    #[tokio::test]
    async fn a_queue_in_which_nobody_is_is_forgotten() {
        let turns = Turns::with_connections(4);
        for _ in 0..3 {
            drop(turns.take(MerchantId::new(Utc::now())).await.unwrap());
        }
        let _turn = turns.take(MerchantId::new(Utc::now())).await.unwrap();
        assert_eq!(turns.queues.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_told_in_time() {
        let turns = Turns { patience: Duration::from_millis(10), ..Turns::with_connections(2) };
        let merchant = MerchantId::new(Utc::now());
        let _taken = turns.take(merchant).await.unwrap();
        let refused = turns.take(merchant).await.unwrap_err();
        assert_eq!(refused.code(), "overloaded");
    }
}

//! Bounds how many deliveries wait long for an endpoint's answer.
//!
//! A webhook in progress holds one of the slots for endpoints that were quick so far. One that hangs would hold its
//! slot until it times out, and as many as there are slots would delay the webhooks of all other endpoints. So in half
//! of the slots a delivery waits at most a second: an endpoint that has not answered by then, and for which no long
//! wait is left, is handed to the workers for slow endpoints.
//! among those that are waited for, is handed to the workers of the slow.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

/// The places for long waits. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct LongWaits(Arc<Semaphore>);

impl LongWaits {
    /// Half as many places as slots.
    pub(super) fn in_slots(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(slots / 2)))
    }

    /// Waits for an answer. Returns `None` if it takes longer than `quick` and all places are taken.
    pub(super) async fn wait<T>(&self, answer: impl Future<Output = T>, quick: Duration) -> Option<T> {
        let mut answer = pin!(answer);
        if let Ok(answered) = tokio::time::timeout(quick, answer.as_mut()).await {
            return Some(answered);
        }
        let _place = self.0.try_acquire().ok()?;
        Some(answer.await)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn half_of_the_slots_may_be_waited_in_for_long_and_no_more() {
        let waits = LongWaits::in_slots(3);
        let (says, said) = oneshot::channel();
        let first = tokio::spawn({
            let waits = waits.clone();
            async move { waits.wait(said, Duration::ZERO).await }
        });
        while waits.0.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(waits.wait(pending::<()>(), Duration::ZERO).await, None, "its place is taken");
        assert_eq!(waits.wait(ready("quick"), Duration::ZERO).await, Some("quick"), "it needs no place");
        says.send("late").unwrap();
        assert_eq!(first.await.unwrap(), Some(Ok("late")));
        assert_eq!(waits.0.available_permits(), 1, "its place is free again");
    }

    #[tokio::test]
    async fn where_there_is_one_slot_nobody_waits_long() {
        assert_eq!(LongWaits::in_slots(1).wait(pending::<()>(), Duration::ZERO).await, None);
    }
}

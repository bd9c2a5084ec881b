//! Batches items that arrive one at a time.
//!
//! A group is made of all items that arrived while the previous groups were being handled. There is no delay to collect
//! more: an item that arrives alone is handled at once, as a group of one. So batching costs nothing under light load
//! and saves most under heavy load. With a pace, items that arrive right after a group started wait for the next one.

use std::{
    collections::VecDeque,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{sync::oneshot, time::Instant};

/// Handles a group of items.
pub trait BatchHandler: Send + Sync + 'static {
    /// An item.
    type Item: Send + 'static;
    /// The result for one item.
    type Answer: Send + 'static;

    /// Handles a group and returns one answer for each item, in order.
    fn handle(&self, group: Vec<Self::Item>) -> impl Future<Output = Vec<Self::Answer>> + Send;
}

/// Limits of a batcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest group.
    pub group: usize,
    /// How many groups are handled at the same time.
    pub at_once: usize,
    /// How many items may wait; further ones are refused.
    pub waiting: usize,
    /// Timeout of a group, so that one that hangs does not block the others forever.
    pub patience: Duration,
    /// The minimum time between the starts of two groups.
    pub pace: Duration,
}

/// Why an item got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Too many items are waiting. It was not handled.
    #[error("too much is waiting to be done")]
    Full,
    /// The group timed out or panicked. The item may or may not have been handled.
    #[error("the group ended without an answer")]
    Lost,
}

/// Batches items for a handler. Cheap to clone.
pub struct Batcher<T: BatchHandler>(Arc<Inner<T>>);

struct Inner<T: BatchHandler> {
    work: T,
    limits: Limits,
    list: Mutex<WaitingList<T>>,
}

/// The waiting items and the number of groups in progress.
struct WaitingList<T: BatchHandler> {
    waiting: VecDeque<Waiting<T>>,
    busy: usize,
    /// The earliest start of the next group, if groups have a pace.
    next: Option<Instant>,
}

struct Waiting<T: BatchHandler> {
    item: T::Item,
    answer: oneshot::Sender<T::Answer>,
}

impl<T: BatchHandler> Batcher<T> {
    /// Batches items for `work`.
    #[must_use]
    pub fn new(work: T, limits: Limits) -> Self {
        let list = Mutex::new(WaitingList { waiting: VecDeque::new(), busy: 0, next: None });
        Self(Arc::new(Inner { work, limits, list }))
    }

    /// Submits an item and waits for its answer. Dropping the future does not cancel the group.
    ///
    /// # Errors
    /// Returns an error if too many items are waiting, or if the group panics or times out.
    pub async fn submit(&self, item: T::Item) -> Result<T::Answer, BatchError> {
        let (answer, answered) = oneshot::channel();
        if self.0.queue_up(Waiting { item, answer })? {
            tokio::spawn(Arc::clone(&self.0).do_what_waits());
        }
        answered.await.map_err(|_| BatchError::Lost)
    }
}

impl<T: BatchHandler> Inner<T> {
    /// Queues an item. Returns whether the caller has to spawn a task that handles groups.
    fn queue_up(&self, waiting: Waiting<T>) -> Result<bool, BatchError> {
        let mut list = self.lock();
        if list.waiting.len() >= self.limits.waiting {
            return Err(BatchError::Full);
        }
        list.waiting.push_back(waiting);
        let begin = list.busy < self.limits.at_once;
        if begin {
            list.busy += 1;
        }
        Ok(begin)
    }

    /// Handles groups until no item is waiting.
    async fn do_what_waits(self: Arc<Self>) {
        loop {
            // Lets concurrent submitters queue up first; otherwise the first of a burst would be a group of one.
            tokio::task::yield_now().await;
            self.keep_pace().await;
            let Some(group) = self.next_group() else { break };
            let (items, answers): (Vec<_>, Vec<_>) = group.into_iter().map(|one| (one.item, one.answer)).unzip();
            let work = AssertUnwindSafe(self.work.handle(items)).catch_unwind();
            // On failure the senders are dropped, which the waiting callers see as `Lost`.
            let Ok(Ok(done)) = tokio::time::timeout(self.limits.patience, work).await else { continue };
            for (sender, answer) in answers.into_iter().zip(done) {
                // The caller may have stopped waiting.
                drop(sender.send(answer));
            }
        }
    }

    /// Waits until the next group may start.
    async fn keep_pace(&self) {
        let next = self.lock().next;
        if let Some(next) = next {
            tokio::time::sleep_until(next).await;
        }
    }

    fn next_group(&self) -> Option<Vec<Waiting<T>>> {
        let mut list = self.lock();
        let size = list.waiting.len().min(self.limits.group.max(1));
        if size == 0 {
            list.busy -= 1;
            return None;
        }
        list.next = (!self.limits.pace.is_zero()).then(|| Instant::now() + self.limits.pace);
        Some(list.waiting.drain(..size).collect())
    }

    fn lock(&self) -> MutexGuard<'_, WaitingList<T>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: BatchHandler> Clone for Batcher<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: BatchHandler> std::fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batcher").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Semaphore;

    /// Doubles numbers once a permit is released; panics at 13.
    struct Doubling {
        release: Arc<Semaphore>,
        groups: Arc<Mutex<Vec<usize>>>,
    }

    impl BatchHandler for Doubling {
        type Item = u32;
        type Answer = u32;

        async fn handle(&self, group: Vec<u32>) -> Vec<u32> {
            self.groups.lock().unwrap().push(group.len());
            self.release.acquire().await.unwrap().forget();
            assert!(!group.contains(&13), "a test wants it to panic");
            group.into_iter().map(|number| number * 2).collect()
        }
    }

    struct Test {
        batch: Batcher<Doubling>,
        release: Arc<Semaphore>,
        groups: Arc<Mutex<Vec<usize>>>,
    }

    fn test(limits: Limits) -> Test {
        let (release, groups) = (Arc::new(Semaphore::new(0)), Arc::default());
        let work = Doubling { release: Arc::clone(&release), groups: Arc::clone(&groups) };
        Test { batch: Batcher::new(work, limits), release, groups }
    }

    const LIMITS: Limits =
        Limits { group: 4, at_once: 1, waiting: 100, patience: Duration::from_mins(1), pace: Duration::ZERO };

    impl Test {
        fn submits(&self, number: u32) -> tokio::task::JoinHandle<Result<u32, BatchError>> {
            let batch = self.batch.clone();
            tokio::spawn(async move { batch.submit(number).await })
        }

        /// The tests run on a current-thread runtime, which runs the spawned tasks while this one yields.
        async fn settles(&self) {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn one_that_comes_alone_does_not_wait_for_others() {
        let test = test(LIMITS);
        test.release.add_permits(1);
        assert_eq!(test.batch.submit(21).await, Ok(42));
        assert_eq!(*test.groups.lock().unwrap(), [1]);
    }

    #[tokio::test]
    async fn those_who_come_meanwhile_are_the_next_group_and_each_gets_its_own_answer() {
        let test = test(LIMITS);
        let first = test.submits(0);
        test.settles().await;
        let others: Vec<_> = (1..=6).map(|number| test.submits(number)).collect();
        test.settles().await;
        test.release.add_permits(10);
        assert_eq!(first.await.unwrap(), Ok(0));
        for (number, other) in (1..=6).zip(others) {
            assert_eq!(other.await.unwrap(), Ok(number * 2));
        }
        assert_eq!(*test.groups.lock().unwrap(), [1, 4, 2], "no group is larger than its limit");
    }

    #[tokio::test]
    async fn who_comes_right_after_a_group_waits_for_the_next_with_others() {
        let test = test(Limits { pace: Duration::from_secs(1), ..LIMITS });
        test.release.add_permits(10);
        assert_eq!(test.batch.submit(1).await, Ok(2), "the first waits for nobody");
        let second = test.submits(2);
        test.settles().await;
        let third = test.submits(3);
        assert_eq!((second.await.unwrap(), third.await.unwrap()), (Ok(4), Ok(6)));
        assert_eq!(*test.groups.lock().unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused() {
        let test = test(Limits { waiting: 2, ..LIMITS });
        let begun = test.submits(1);
        test.settles().await;
        let waiting = [test.submits(2), test.submits(3)];
        test.settles().await;
        assert_eq!(test.batch.submit(4).await, Err(BatchError::Full));
        test.release.add_permits(10);
        assert_eq!(begun.await.unwrap(), Ok(2));
        for one in waiting {
            assert!(one.await.unwrap().is_ok());
        }
    }

    #[tokio::test]
    async fn a_group_that_panics_loses_its_own_and_holds_up_no_other() {
        let test = test(LIMITS);
        test.release.add_permits(10);
        assert_eq!(test.batch.submit(13).await, Err(BatchError::Lost));
        assert_eq!(test.batch.submit(1).await, Ok(2));
    }

    #[tokio::test]
    async fn a_group_that_never_ends_loses_its_own_and_holds_up_no_other() {
        let test = test(Limits { patience: Duration::from_millis(1), ..LIMITS });
        assert_eq!(test.batch.submit(1).await, Err(BatchError::Lost));
        test.release.add_permits(1);
        assert_eq!(test.batch.submit(2).await, Ok(4));
    }

    #[tokio::test]
    async fn whoever_stops_waiting_does_not_stop_the_others() {
        let test = test(Limits { group: 2, ..LIMITS });
        let first = test.submits(0);
        test.settles().await;
        let (leaving, staying) = (test.submits(1), test.submits(2));
        test.settles().await;
        leaving.abort();
        test.release.add_permits(10);
        assert_eq!(first.await.unwrap(), Ok(0));
        assert_eq!(staying.await.unwrap(), Ok(4));
        assert_eq!(*test.groups.lock().unwrap(), [1, 2]);
    }
}

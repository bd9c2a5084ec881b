//! Group commit: items that arrive one at a time are processed together.
//!
//! A group is whatever arrived while earlier groups were being processed. Nothing waits for company: a lone item is processed at once as a
//! group of one, so this costs nothing under light load and amortises best under heavy load. If a pace is set, items that arrive right
//! after a group wait for the next one.

use std::{
    collections::VecDeque,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{sync::oneshot, time::Instant};

/// What does a group.
pub trait BatchHandler: Send + Sync + 'static {
    /// One of the things.
    type Item: Send + 'static;
    /// What becomes of it.
    type Answer: Send + 'static;

    /// Does all of them, and answers each, in their order.
    fn handle(&self, group: Vec<Self::Item>) -> impl Future<Output = Vec<Self::Answer>> + Send;
}

/// How much is done together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest group.
    pub group: usize,
    /// How many groups are done at once.
    pub at_once: usize,
    /// How many may wait for their group; one more is refused.
    pub waiting: usize,
    /// How long a group may take; then it is abandoned, so that what hangs holds nobody up for ever.
    pub patience: Duration,
    /// How long after the beginning of one group the next begins at the earliest.
    pub pace: Duration,
}

/// Why a thing was not answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Too many are waiting already: it was not begun.
    #[error("too much is waiting to be done")]
    Full,
    /// Its group ended without an answer: it is not known whether it was done.
    #[error("the group ended without an answer")]
    Lost,
}

/// Does things together. Cheap to clone.
pub struct Batcher<T: BatchHandler>(Arc<Inner<T>>);

struct Inner<T: BatchHandler> {
    work: T,
    limits: Limits,
    line: Mutex<Line<T>>,
}

/// Those who wait, and how many groups are being done.
struct Line<T: BatchHandler> {
    waiting: VecDeque<Waiting<T>>,
    busy: usize,
    /// When the next group may begin, where groups have a pace.
    next: Option<Instant>,
}

struct Waiting<T: BatchHandler> {
    item: T::Item,
    answer: oneshot::Sender<T::Answer>,
}

impl<T: BatchHandler> Batcher<T> {
    /// Does things by `work`.
    #[must_use]
    pub fn new(work: T, limits: Limits) -> Self {
        let line = Mutex::new(Line { waiting: VecDeque::new(), busy: 0, next: None });
        Self(Arc::new(Inner { work, limits, line }))
    }

    /// Has a thing done with others, and waits for what becomes of it. Whoever stops waiting does not stop the group.
    ///
    /// # Errors
    /// When too many wait already, or when the group panics or takes too long.
    pub async fn submit(&self, item: T::Item) -> Result<T::Answer, BatchError> {
        let (answer, answered) = oneshot::channel();
        if self.0.queue_up(Waiting { item, answer })? {
            tokio::spawn(Arc::clone(&self.0).do_what_waits());
        }
        answered.await.map_err(|_| BatchError::Lost)
    }
}

impl<T: BatchHandler> Inner<T> {
    /// Puts one at the end of the line; whether somebody has to begin another group.
    fn queue_up(&self, waiting: Waiting<T>) -> Result<bool, BatchError> {
        let mut line = self.lock();
        if line.waiting.len() >= self.limits.waiting {
            return Err(BatchError::Full);
        }
        line.waiting.push_back(waiting);
        let begin = line.busy < self.limits.at_once;
        if begin {
            line.busy += 1;
        }
        Ok(begin)
    }

    /// Does group after group until nobody waits.
    async fn do_what_waits(self: Arc<Self>) {
        loop {
            // Those who are just about to come get in; else the first of many would be a group of one.
            tokio::task::yield_now().await;
            self.keep_pace().await;
            let Some(group) = self.next_group() else { break };
            let (items, answers): (Vec<_>, Vec<_>) = group.into_iter().map(|one| (one.item, one.answer)).unzip();
            let work = AssertUnwindSafe(self.work.handle(items)).catch_unwind();
            // Else the senders are dropped, which tells those who wait.
            let Ok(Ok(done)) = tokio::time::timeout(self.limits.patience, work).await else { continue };
            for (sender, answer) in answers.into_iter().zip(done) {
                // Whoever does not wait any more does not want to know.
                drop(sender.send(answer));
            }
        }
    }

    /// Waits until the next group may begin.
    async fn keep_pace(&self) {
        let next = self.lock().next;
        if let Some(next) = next {
            tokio::time::sleep_until(next).await;
        }
    }

    fn next_group(&self) -> Option<Vec<Waiting<T>>> {
        let mut line = self.lock();
        let size = line.waiting.len().min(self.limits.group.max(1));
        if size == 0 {
            line.busy -= 1;
            return None;
        }
        line.next = (!self.limits.pace.is_zero()).then(|| Instant::now() + self.limits.pace);
        Some(line.waiting.drain(..size).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Doubles numbers when it is let; panics at 13.
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

        /// The current-thread runtime of the tests runs what was spawned while this one yields.
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

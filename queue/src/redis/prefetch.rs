//! Jobs that the fetcher has claimed and the worker has not started yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::Delivery;

/// The fetcher puts jobs here and the worker takes them; the fetcher can take them back.
#[derive(Default)]
pub(super) struct Prefetch {
    waiting: Mutex<VecDeque<Delivery>>,
    worker: AtomicWaker,
}

impl Prefetch {
    pub(super) fn put(&self, jobs: Vec<Delivery>) {
        self.waiting().extend(jobs);
        self.worker.wake();
    }

    /// The next job to start.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Delivery> {
        if let Some(job) = self.waiting().pop_front() {
            return Poll::Ready(job);
        }
        self.worker.register(cx.waker());
        // One may have come in before the waker was in place.
        self.waiting().pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    /// Everything that has not been started.
    pub(super) fn take_back(&self) -> VecDeque<Delivery> {
        std::mem::take(&mut *self.waiting())
    }

    /// Has the worker look again.
    pub(super) fn wake_worker(&self) {
        self.worker.wake();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

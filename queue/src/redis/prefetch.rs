//! The buffer between the fetcher and the worker: jobs that are claimed but not started.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::Delivery;

/// The fetcher adds jobs and may take them back; the worker takes them.
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

    /// Takes the next job to start.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Delivery> {
        if let Some(job) = self.waiting().pop_front() {
            return Poll::Ready(job);
        }
        self.worker.register(cx.waker());
        // A job may have arrived before the waker was registered.
        self.waiting().pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    /// Takes back all jobs that were not started.
    pub(super) fn take_back(&self) -> VecDeque<Delivery> {
        std::mem::take(&mut *self.waiting())
    }

    /// Wakes the worker.
    pub(super) fn wake_worker(&self) {
        self.worker.wake();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

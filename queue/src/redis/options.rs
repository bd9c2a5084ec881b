//! Options of a backend.

use std::time::Duration;

/// How many jobs a worker handles at once, and how it keeps and looks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendOptions {
    /// How many jobs may be claimed and not yet acknowledged, at least 1. No job is claimed for which there is no
    /// free slot, so none waits behind another in this worker. A concurrency limit in the worker's own middleware
    /// must not be smaller.
    pub slots: usize,
    /// How long a job stays with a worker that gives no sign of life. It is renewed three times in this time.
    pub lease: Duration,
    /// How often to look without having been woken: the longest that a lost wake-up or a dead worker's lease that
    /// has run out can go unnoticed.
    pub poll: Duration,
}

impl Default for BackendOptions {
    fn default() -> Self {
        Self { slots: 10, lease: Duration::from_secs(15), poll: Duration::from_secs(2) }
    }
}

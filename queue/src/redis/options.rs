//! Options of a backend.

use std::time::Duration;

/// How many jobs a worker handles at once, how long leases last, and how often it polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendOptions {
    /// How many jobs may be claimed but not acknowledged, at least 1. Jobs are only claimed for free slots, so that
    /// none waits behind another in this worker. A concurrency limit in the worker's middleware must not be lower.
    pub slots: usize,
    /// How long a job stays leased to a worker that shows no sign of life. A lease is renewed three times in this time.
    pub lease: Duration,
    /// How often to poll without a wake-up. It bounds the delay caused by a lost wake-up or an expired lease of a dead
    /// worker.
    pub poll: Duration,
}

impl Default for BackendOptions {
    fn default() -> Self {
        Self { slots: 10, lease: Duration::from_secs(15), poll: Duration::from_secs(2) }
    }
}

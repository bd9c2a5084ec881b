//! Metrics of the queues in Redis and of the connection to it.

use std::sync::OnceLock;

use metrics::{counter, describe_counter};
use redis::{RedisError, ServerErrorKind};

/// What the application calls the metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetricNames {
    /// Commands that failed.
    pub(crate) errors: &'static str,
    /// Leases that ran out.
    pub(crate) reclaimed: &'static str,
}

/// Nothing is counted before the names are known. They are a process's, as its recorder of metrics is.
static NAMES: OnceLock<MetricNames> = OnceLock::new();

/// Describes the metrics and initializes them to zero, those of a queue for each of these.
pub(crate) fn declare(names: MetricNames, queues: &[&'static str]) {
    let MetricNames { errors, reclaimed } = *NAMES.get_or_init(|| names);
    describe_counter!(reclaimed, "Leases that ran out under a worker that died or was ended.");
    for queue in queues {
        counter!(reclaimed, "kind" => *queue).increment(0);
    }
    describe_counter!(errors, "Commands that Redis refused, did not answer in time, or was not there for.");
    for reason in Trouble::ALL {
        counter!(errors, "reason" => reason.as_str()).increment(0);
    }
}

/// The kind of a Redis failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// No answer in time.
    Timeout,
    /// Redis was unreachable, or the connection broke.
    Connection,
    /// Redis answered with an error.
    Refused,
}

impl Trouble {
    const ALL: [Self; 3] = [Self::Timeout, Self::Connection, Self::Refused];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Refused => "refused",
        }
    }
}

/// Counts leases that ran out and whose jobs are ready again.
pub(super) fn reclaimed(queue: &'static str, leases: u64) {
    if let Some(names) = NAMES.get() {
        counter!(names.reclaimed, "kind" => queue).increment(leases);
    }
}

/// Counts a Redis timeout.
pub(super) fn timed_out() {
    count(Trouble::Timeout);
}

/// Counts a Redis error. `NOSCRIPT` does not count: the script is simply loaded again.
pub(super) fn failed(error: &RedisError) {
    if error.kind() != redis::ErrorKind::Server(ServerErrorKind::NoScript) {
        let broken = error.is_io_error() || error.is_unrecoverable_error();
        count(if broken { Trouble::Connection } else { Trouble::Refused });
    }
}

fn count(trouble: Trouble) {
    if let Some(names) = NAMES.get() {
        counter!(names.errors, "reason" => trouble.as_str()).increment(1);
    }
}

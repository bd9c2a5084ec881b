//! Metrics of the queues in Redis and of the connection to it.

use metrics::{counter, describe_counter};
use redis::{RedisError, ServerErrorKind};

const ERRORS: &str = "paylink_redis_errors_total";
const RECLAIMED: &str = "paylink_leases_reclaimed_total";

/// Describes the metrics and initializes them to zero, those of a queue for each of these.
pub(crate) fn declare(queues: &[&'static str]) {
    describe_counter!(RECLAIMED, "Leases that ran out under a worker that died or was ended.");
    for queue in queues {
        counter!(RECLAIMED, "kind" => *queue).increment(0);
    }
    describe_counter!(ERRORS, "Commands that Redis refused, did not answer in time, or was not there for.");
    for reason in Trouble::ALL {
        counter!(ERRORS, "reason" => reason.as_str()).increment(0);
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
    counter!(RECLAIMED, "kind" => queue).increment(leases);
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
    counter!(ERRORS, "reason" => trouble.as_str()).increment(1);
}

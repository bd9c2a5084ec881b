//! Metrics of jobs and queues. Labels have few distinct values: kinds, outcomes and reasons.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use entity::job::Job as Row;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use tracing::Span;

use crate::{
    Done, JobError, Kind,
    admin::KindStats,
    redis::{self, MetricNames},
};

const IN_FLIGHT: &str = "paylink_jobs_in_flight";
const WAIT: &str = "paylink_job_wait_seconds";
const DURATION: &str = "paylink_job_duration_seconds";
const NOTIFIED_AGAIN: &str = "paylink_jobs_notified_again_total";
const JOBS_IN_QUEUE: &str = "paylink_queue_jobs";
const OLDEST: &str = "paylink_queue_oldest_seconds";
const DEAD: &str = "paylink_jobs_dead";
const DOWN: &str = "paylink_service_down";
const IN_REDIS: MetricNames =
    MetricNames { errors: "paylink_redis_errors_total", reclaimed: "paylink_leases_reclaimed_total" };

/// Describes the metrics and initializes them to zero.
pub fn declare() {
    describe_gauge!(IN_FLIGHT, "Jobs that this process is doing.");
    describe_histogram!(WAIT, "From when a job was due to when it was claimed, by how the attempt ended.");
    describe_histogram!(DURATION, "From the claim of a job to the end of the attempt, by how it ended.");
    describe_counter!(NOTIFIED_AGAIN, "Jobs whose notification was lost and that were notified again from their rows.");
    describe_gauge!(
        JOBS_IN_QUEUE,
        "Jobs in Redis: ready, delayed until their time, leased to a worker, or unreadable."
    );
    describe_gauge!(OLDEST, "How long the job that has been due the longest has not been finished.");
    describe_gauge!(DEAD, "Dead jobs, which wait for an operator; 10,000 of all kinds are counted at most.");
    describe_gauge!(DOWN, "1 while a service outside is taken for down and left alone; shown once it has been.");
    for kind in Kind::ALL {
        gauge!(IN_FLIGHT, "kind" => kind.as_str()).set(0);
    }
    counter!(NOTIFIED_AGAIN).increment(0);
    redis::declare_metrics(IN_REDIS, &Kind::ALL.map(Kind::as_str));
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The job is done.
    Done,
    Retried,
    /// It cannot run now, and the attempt does not count.
    Snoozed,
    /// The worker stopped before it finished.
    Released,
    /// It was dead-lettered.
    Dead,
    /// Another worker had taken it over.
    Lost,
    /// The database did not answer, so the outcome is not known.
    Unknown,
}

impl AttemptOutcome {
    /// The outcome as the handler's result tells it.
    pub(crate) const fn of(said: &Result<Done, JobError>) -> Self {
        match said {
            Ok(Done { .. }) => Self::Done,
            Err(JobError::NotOurs) => Self::Lost,
            Err(JobError::Retry { .. }) => Self::Retried,
            Err(JobError::Snooze { .. } | JobError::Postpone { .. }) => Self::Snoozed,
            Err(JobError::Fail { .. }) => Self::Dead,
        }
    }

    const fn is_error(self) -> bool {
        match self {
            Self::Done | Self::Snoozed | Self::Released | Self::Lost => false,
            Self::Retried | Self::Dead | Self::Unknown => true,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Snoozed => "snoozed",
            Self::Released => "released",
            Self::Dead => "dead",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }
}

/// A claimed attempt. It counts as in flight until dropped, and its outcome is unknown unless reported with
/// [`ended`](Self::ended). The drop records the outcome in the current span.
#[derive(Debug)]
pub(crate) struct Attempt {
    kind: Kind,
    waited: TimeDelta,
    since: Instant,
    outcome: AttemptOutcome,
}

impl Attempt {
    /// Starts measuring an attempt at the claimed row.
    pub(crate) fn of(kind: Kind, job: &Row) -> Self {
        gauge!(IN_FLIGHT, "kind" => kind.as_str()).increment(1);
        let waited = job.claimed_at.map_or(TimeDelta::zero(), |claimed_at| claimed_at - job.run_at);
        Self { kind, waited, since: Instant::now(), outcome: AttemptOutcome::Unknown }
    }

    /// Sets the outcome.
    pub(crate) const fn ended(&mut self, outcome: AttemptOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let (kind, outcome) = (self.kind.as_str(), self.outcome.as_str());
        Span::current().record("outcome", outcome);
        if self.outcome.is_error() {
            Span::current().record("otel.status_code", "ERROR");
        }
        gauge!(IN_FLIGHT, "kind" => kind).decrement(1);
        // The clocks of two machines may differ by more than the wait, which makes it negative.
        let waited = self.waited.to_std().unwrap_or_default();
        histogram!(WAIT, "kind" => kind, "outcome" => outcome).record(waited);
        histogram!(DURATION, "kind" => kind, "outcome" => outcome).record(self.since.elapsed());
    }
}

/// Counts jobs that Redis was notified of again because the first notification was lost.
pub fn notified_again(jobs: u64) {
    counter!(NOTIFIED_AGAIN).increment(jobs);
}

/// Sets whether an external service is considered down.
pub(crate) fn service_down(service: &str, down: bool) {
    gauge!(DOWN, "service" => service.to_owned()).set(f64::from(u8::from(down)));
}

/// Exports the state of the queues. Unknown values are set to NaN, since a stale figure would look current.
pub fn show(stats: &[KindStats], now: DateTime<Utc>) {
    for kind_stats in stats {
        let kind = kind_stats.kind.as_str();
        for (state, jobs) in [
            ("ready", kind_stats.queues.map(|queues| queues.ready)),
            ("delayed", kind_stats.queues.map(|queues| queues.due)),
            ("leased", kind_stats.queues.map(|queues| queues.leased)),
            ("unreadable", kind_stats.queues.map(|queues| queues.dead)),
        ] {
            gauge!(JOBS_IN_QUEUE, "kind" => kind, "state" => state).set(figure(jobs));
        }
        let rows = kind_stats.rows;
        let age = rows.map(|rows| rows.due_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0)));
        gauge!(OLDEST, "kind" => kind).set(age.unwrap_or(f64::NAN));
        gauge!(DEAD, "kind" => kind).set(figure(rows.map(|rows| rows.dead)));
    }
}

/// Converts a count to a Prometheus value.
fn figure(count: Option<u64>) -> f64 {
    count.and_then(|count| u32::try_from(count).ok()).map_or(f64::NAN, f64::from)
}

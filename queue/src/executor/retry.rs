//! The retry formula of jobs. Each kind's parameters are in its declaration, in `kinds/mod.rs`. When a webhook to a
//! merchant's endpoint is delivered again is another rule: `domain::webhook::retries`.

use std::{error::Error, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{DbFault, job::Job as Row};

/// A job that crashed its worker this many times is dead-lettered, since it is probably the cause.
pub(crate) const MOST_CRASHES: i64 = 5;

/// The attempts at a job whose statement cannot be run or breaks a rule of the rows. That is a bug, but while versions
/// are exchanged, a worker of the other one may do it: these attempts take a quarter of an hour or more.
const MOST_OF_A_BUG: i64 = 12;

/// How a kind of job is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The delay after the first attempt. It doubles with each further attempt.
    pub first_delay: Duration,
    /// The longest delay.
    pub ceiling: Duration,
    /// The share of the delay that is random, in percent, so that jobs that failed together are not retried together.
    pub jitter_percent: u32,
    /// The number of attempts after which the job is dead-lettered; `None` means unlimited.
    pub attempts: Option<i64>,
    /// The time after enqueuing at which the job is dead-lettered; `None` means never.
    pub deadline: Option<TimeDelta>,
    /// Timeout of one attempt.
    pub timeout: Duration,
}

impl Policy {
    /// The base of all policies: delays from one second up to ten minutes, without limit.
    pub(crate) const DEFAULT: Self = Self {
        first_delay: Duration::from_secs(1),
        ceiling: Duration::from_mins(10),
        jitter_percent: 50,
        attempts: None,
        deadline: None,
        timeout: Duration::from_mins(1),
    };

    /// The policy after this error. A kind without an end keeps none: what has to happen waits for the version that can.
    #[must_use]
    pub(crate) fn after(self, why: &(dyn Error + 'static)) -> Self {
        let has_an_end = self.attempts.is_some() || self.deadline.is_some();
        if !has_an_end || DbFault::behind(why) != Some(DbFault::Ours) {
            return self;
        }
        Self { attempts: Some(self.attempts.unwrap_or(MOST_OF_A_BUG).min(MOST_OF_A_BUG)), ..self }
    }

    /// When a job that has just failed is due again, or `None` if it should be dead-lettered.
    ///
    /// The delay grows exponentially. `jitter`, a random number from 0 to 1, scales the random share of it. `asked`,
    /// the delay the remote side asked for (`Retry-After`), is a lower bound, however long.
    #[must_use]
    pub(crate) fn next_attempt(
        &self,
        job: &Row,
        asked: Option<Duration>,
        jitter: f64,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if self.attempts.is_some_and(|most| job.attempts() >= most) {
            return None;
        }
        let doublings = u32::try_from(job.attempts().clamp(1, 32) - 1).unwrap_or(0);
        let backoff = self.first_delay.saturating_mul(2_u32.saturating_pow(doublings)).min(self.ceiling);
        let fixed = 1.0 - f64::from(self.jitter_percent.min(100)) / 100.0;
        let backoff = backoff.mul_f64(fixed + (1.0 - fixed) * jitter.clamp(0.0, 1.0));
        self.within_deadline(job, asked.map_or(backoff, |asked| asked.max(backoff)), now)
    }

    /// When a snoozed job is due again, or `None` if that is past its deadline.
    #[must_use]
    pub(crate) fn snooze(&self, job: &Row, delay: Duration, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.within_deadline(job, delay, now)
    }

    fn within_deadline(&self, job: &Row, delay: Duration, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = due_after(delay, now);
        match self.deadline {
            Some(deadline) if next > job.created_at + deadline => None,
            Some(_) | None => Some(next),
        }
    }
}

/// When a job is due after a delay. Rounded up to milliseconds, the precision of rows and queues: a job must not be
/// delivered before its row is due.
#[must_use]
pub(crate) fn due_after(delay: Duration, now: DateTime<Utc>) -> DateTime<Utc> {
    let millis = delay.as_micros().div_ceil(1_000);
    now + i64::try_from(millis).ok().and_then(TimeDelta::try_milliseconds).unwrap_or(TimeDelta::days(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobError, Kind};
    use domain::JobId;
    use entity::job::JobState;
    use sea_orm::{ConnAcquireErr::Timeout, DbErr};

    fn job(claims: i64, created_at: DateTime<Utc>) -> Row {
        Row {
            id: JobId::new(created_at),
            kind: Kind::StoreInvoice.to_string(),
            dedup_key: None,
            merchant_id: None,
            payload: "{}".to_owned(),
            state: JobState::Queued,
            claims,
            crashes: 0,
            uncounted: 0,
            run_at: created_at,
            last_error: None,
            created_at,
            claimed_at: None,
            finished_at: None,
            traceparent: None,
        }
    }

    fn seconds(policy: Policy, attempt: i64, asked: Option<u64>, jitter: f64) -> Option<f64> {
        let now = Utc::now();
        let next = policy.next_attempt(&job(attempt, now), asked.map(Duration::from_secs), jitter, now)?;
        #[expect(clippy::cast_precision_loss, reason = "a few thousand seconds")]
        Some((next - now).num_milliseconds() as f64 / 1000.0)
    }

    #[test]
    fn the_delay_doubles_up_to_its_ceiling() {
        let policy = Kind::PurgeLink.policy();
        assert_eq!(seconds(policy, 1, None, 1.0), Some(1.0));
        assert_eq!(seconds(policy, 4, None, 1.0), Some(8.0));
        assert_eq!(seconds(policy, 1_000, None, 1.0), Some(3600.0));
        assert_eq!(seconds(policy, 4, None, 0.0), Some(4.0));
    }

    #[test]
    fn a_bug_has_fewer_attempts_where_a_kind_has_an_end() {
        let (bug, outage) = (DbErr::Custom("a row that cannot be read".to_owned()), DbErr::ConnectionAcquire(Timeout));
        let policy = Kind::SendSms.policy();
        assert_eq!(policy.after(&bug).attempts, Some(MOST_OF_A_BUG));
        let behind = JobError::retry(bug);
        assert_eq!(policy.after(&behind).attempts, Some(MOST_OF_A_BUG), "an error that comes from it");
        assert_eq!(policy.after(&outage), policy);
        assert_eq!(policy.after(&JobError::retry("the carrier is busy")), policy);
        let few = Policy { attempts: Some(3), ..policy };
        assert_eq!(few.after(&behind), few);
        assert_eq!(Kind::PurgeLink.policy().after(&behind), Kind::PurgeLink.policy());
    }

    #[test]
    fn what_the_other_side_asks_for_is_waited_for() {
        let policy = Kind::SendSms.policy();
        assert_eq!(seconds(policy, 1, Some(120), 1.0), Some(120.0));
        assert_eq!(seconds(policy, 8, Some(1), 1.0), Some(128.0));
    }

    #[test]
    fn a_job_is_given_up_after_its_attempts_or_past_its_deadline() {
        assert!(seconds(Kind::StoreInvoice.policy(), 9, None, 1.0).is_some());
        assert_eq!(seconds(Kind::StoreInvoice.policy(), 10, None, 1.0), None);
        let now = Utc::now();
        let old = job(3, now - TimeDelta::days(3));
        assert_eq!(Kind::ProcessStripeEvent.policy().next_attempt(&old, None, 0.5, now), None);
        assert!(Kind::PurgeLink.policy().next_attempt(&old, None, 0.5, now).is_some());
    }
}

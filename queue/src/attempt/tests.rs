use std::{future::pending, time::Duration};

use entity::job::{Job as Row, JobState};

use super::*;

/// A handler that never returns.
struct Never;

impl Handle for Never {
    async fn run(&self, _: &Lease) -> Result<Done, JobError> {
        pending().await
    }

    async fn give_up(&self, _: &DatabaseTransaction, _: &Lease, _: &str) -> Result<(), DbErr> {
        Ok(())
    }
}

fn claimed_now() -> Lease {
    let now = Utc::now();
    Lease::of(Row {
        id: JobId::new(now),
        kind: crate::Kind::SendSms.to_string(),
        dedup_key: None,
        merchant_id: None,
        payload: "{}".to_owned(),
        state: JobState::Queued,
        attempt: 1,
        crashes: 0,
        run_at: now,
        last_error: None,
        created_at: now,
        claimed_at: Some(now),
        finished_at: None,
    })
}

#[tokio::test]
async fn a_job_that_never_returns_is_a_retry_like_any_other() {
    let lease = claimed_now();
    let outcome = run_caught(&Never, &lease, Duration::from_millis(10)).await;
    let Err(JobError::Retry { why, after: None }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(why.to_string(), "it took longer than 0 s");
    assert!(policy(crate::Kind::SendSms).next_attempt(lease.job(), None, jitter(&lease), Utc::now()).is_some());
}

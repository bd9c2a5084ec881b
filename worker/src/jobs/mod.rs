//! The job handlers, one file each.

mod check_sms_account;
mod check_stripe_key;
mod close_stripe_link;
mod create_stripe_link;
mod deliver_webhooks;
mod diagnose_stripe;
mod fetch_picture;
mod open_credit_purchase;
mod process_sms_event;
mod process_stripe_event;
mod purge_link;
mod reconcile_credit_purchase;
mod reconcile_link;
mod recover_stripe_links;
mod register_stripe_webhook;
mod remind;
mod run_batch;
mod send_sms;
mod store_invoice;
mod tell_buyer;
mod tell_low_credit;

use domain::{LinkId, MerchantId};
use entity::{job::Job, link};
use queue::{Done, JobError, Lease};

use crate::{JobContext, missing_row::MissingRow};

async fn find_link(context: &JobContext, merchant: MerchantId, id: LinkId) -> Result<link::Model, JobError> {
    let link = link::find(context.db.pool(), merchant, id).await?;
    link.ok_or_else(|| JobError::fail(MissingRow(id.to_string())))
}

/// Finishes a job that has nothing left to do.
async fn nothing_to_do(context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
    lease.finish(context.db.begin().await?, context.now()).await
}

/// Whether a job has been tried often enough that the scheduler would enqueue again anyway. Operators need not see
/// every outage at Stripe.
fn has_tried_enough(job: &Job) -> bool {
    const ATTEMPTS: i64 = 3;
    job.attempts() >= ATTEMPTS
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use domain::JobId;
    use entity::job::JobState;

    use super::*;

    #[test]
    fn a_job_that_was_snoozed_was_not_tried() {
        let now = Utc::now();
        let job = |claims, uncounted| Job {
            id: JobId::new(now),
            kind: "reconcile_link".to_owned(),
            dedup_key: None,
            merchant_id: None,
            payload: "{}".to_owned(),
            state: JobState::Queued,
            claims,
            crashes: 0,
            uncounted,
            run_at: now,
            last_error: None,
            created_at: now,
            claimed_at: Some(now),
            finished_at: None,
            traceparent: None,
        };
        assert!(has_tried_enough(&job(3, 0)));
        assert!(!has_tried_enough(&job(3, 2)), "a rate limit or a stop is no attempt");
        assert!(has_tried_enough(&job(5, 2)));
    }
}

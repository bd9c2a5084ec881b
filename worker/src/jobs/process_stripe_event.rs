//! `process_stripe_event`: applies one webhook event. Idempotent, and independent of the order of events.

use chrono::{DateTime, Utc};
use entity::{
    Transaction,
    webhook_event::{self, Conclusion, EventState},
};
use queue::{Done, JobError, JobHandler, Lease, ProcessStripeEvent};
use sea_orm::DbErr;

use crate::{
    JobContext,
    payments::event_groups::{Item, apply_all},
};

impl JobHandler<JobContext> for ProcessStripeEvent {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let item = Item { lease: lease.clone(), job: self.clone() };
        // In a group with other due events; alone if the group failed, or if it was tried before.
        if let Some(ended) = context.event_groups.apply(item.clone()).await {
            return ended;
        }
        let ended = Box::pin(apply_all(&context.db, &[item], context.now())).await?.pop();
        ended.unwrap_or(Err(JobError::NotOurs))
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let error = Some("It could not be applied; the job's error says why.".to_owned());
        let (merchant, event) = (self.merchant, self.event);
        // The job has a row by now. What another one has applied stays so.
        let failed = Conclusion { merchant, event, state: EventState::Failed, link: None, error, is_first: false };
        webhook_event::conclude(tx, &[failed], now).await.map(|_| ())
    }
}

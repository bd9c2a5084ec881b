//! `process_stripe_event`: applies one webhook event: idempotent, in any order.

use chrono::{DateTime, Utc};
use domain::{LinkId, MerchantId};
use entity::{
    Db, Transaction, link, stripe_integration,
    webhook_event::{self, EventState},
};
use queue::{Done, JobError, JobHandler, Lease, ProcessStripeEvent};
use sea_orm::DbErr;

use super::Missing;
use crate::{
    JobContext,
    payments::stripe_event::{self, Outcome},
};

impl JobHandler<JobContext> for ProcessStripeEvent {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        // With others that are due at the same time, if it is as plain as nearly all are.
        match context.applier.apply(lease, self).await {
            Some(done) => Ok(done),
            None => apply_alone(&context.db, self, lease, context.now()).await,
        }
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(event) = webhook_event::find(tx, self.merchant, self.event).await? else { return Ok(()) };
        let why = Some("It could not be applied; the job's error says why.".to_owned());
        webhook_event::conclude(tx, &event, EventState::Failed, None, why, now).await
    }
}

/// Applies an event in a transaction of its own, and finishes its job in it.
pub(crate) async fn apply_alone(
    db: &Db,
    job: &ProcessStripeEvent,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<Done, JobError> {
    let found = webhook_event::find(db.pool(), job.merchant, job.event).await?;
    let event = found.ok_or_else(|| JobError::fail(Missing(job.event.to_string())))?;
    let fact = stripe_event::read(&event).map_err(JobError::fail)?;
    let tx = db.begin().await?;
    let (state, link) = match stripe_event::apply(&tx, &event, &fact, now).await? {
        Outcome::Applied(link) => (EventState::Applied, Some(link)),
        Outcome::Ignored => (EventState::Ignored, None),
    };
    webhook_event::conclude(&tx, &event, state, link, None, now).await?;
    if let Some(link) = link {
        forget_if_purged(&tx, job.merchant, link).await?;
    }
    stripe_integration::note_event(&tx, job.merchant, now).await?;
    lease.finish(tx, now).await
}

/// What is fact about a link after its purge is acted on and not kept.
async fn forget_if_purged(tx: &Transaction, merchant: MerchantId, link: LinkId) -> Result<(), DbErr> {
    match link::find(tx, merchant, link).await? {
        Some(link) if link.purged_at.is_some() => webhook_event::erase_payloads(tx, link.id).await,
        Some(_) | None => Ok(()),
    }
}

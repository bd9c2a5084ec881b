//! `reconcile_link`: asks Stripe about a link for which webhooks have been missing for a long time, or whose buyer is
//! waiting, and applies what they should have reported.

use chrono::{DateTime, Utc};
use domain::{
    LinkState,
    link::{LinkEvent, PaymentSource},
};
use entity::{
    Transaction,
    link::{self, Advanced},
    stripe_integration,
};
use queue::{Done, JobError, JobHandler, Lease, ReconcileLink};
use sea_orm::DbErr;

use super::{close_stripe_link, find_link, has_tried_enough, nothing_to_do};
use crate::{
    JobContext,
    payments::{
        payment, renewal,
        settlement::{self, Settled},
    },
    stripe::{Advice, Session, SessionStatus, Stripe, StripeError, StripeResponse},
};

impl JobHandler<JobContext> for ReconcileLink {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(context, self.merchant, self.link).await?;
        let Some(integration) = context.stripe_integration(self.merchant).await? else {
            return leave(context, lease, &link).await;
        };
        match link.state {
            LinkState::Unpaid | LinkState::Processing => {
                look(self, context, lease, &context.stripe_of(&integration)?, &link).await
            }
            // Its own job is dead or still running. Closing it twice is harmless.
            LinkState::Voiding | LinkState::Expiring | LinkState::Settling => {
                match close_stripe_link::close(context, lease, &link).await {
                    Err(JobError::Retry { .. }) => leave(context, lease, &link).await,
                    closed => closed,
                }
            }
            LinkState::Creating | LinkState::Failed | LinkState::Paid | LinkState::Voided | LinkState::Expired => {
                nothing_to_do(context, lease).await
            }
        }
    }

    /// The next tick tries again, or the buyer's next visit to the page.
    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(link) = link::find(tx, self.merchant, self.link).await? else { return Ok(()) };
        link::set_checked(tx, &link, now).await
    }
}

/// Postpones the link to the next round, because Stripe cannot be asked.
async fn leave(context: &JobContext, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    let tx = context.db.begin().await?;
    link::set_checked(&tx, link, context.now()).await?;
    lease.finish(tx, context.now()).await
}

async fn look(
    job: &ReconcileLink,
    context: &JobContext,
    lease: &Lease,
    stripe: &Stripe,
    link: &link::Model,
) -> Result<Done, JobError> {
    let Some(stripe_link_id) = &link.stripe_link_id else { return leave(context, lease, link).await };
    let asked = context.now();
    let found = match ask(stripe, link, stripe_link_id).await {
        Ok(found) => found,
        // Either the key is invalid, which the diagnosis reports, or Stripe is down and the next round is near, very
        // near for a waiting buyer.
        Err(error) if error.advice() == Advice::Tell || job.buyer_waits || has_tried_enough(lease.job()) => {
            return leave(context, lease, link).await;
        }
        Err(error) => return Err(error.into_retry()),
    };
    let now = context.now();
    let tx = context.db.begin().await?;
    if repair(&tx, link, &found, now).await? {
        note_silence(&tx, job, now).await?;
    }
    let mut enqueued_job = None;
    if found.body.iter().all(|(_, settled)| *settled == Settled::Failed) {
        link::note_found_unpaid(&tx, link, asked).await?;
        enqueued_job = renewal::request_again(&tx, link, lease, now).await?;
    }
    link::set_checked(&tx, link, now).await?;
    let done = lease.finish(tx, now).await?;
    context.queue.notify(enqueued_job);
    Ok(done)
}

/// Records that a payment was found whose webhook is missing, or may still arrive.
async fn note_silence(tx: &Transaction, job: &ReconcileLink, now: DateTime<Utc>) -> Result<(), DbErr> {
    if job.buyer_waits {
        stripe_integration::note_untold(tx, job.merchant, now).await
    } else {
        stripe_integration::note_missed(tx, job.merchant, now).await
    }
}

/// Applies what was found. Returns whether any of it had not been reported.
async fn repair(
    tx: &Transaction,
    link: &link::Model,
    found: &StripeResponse<Vec<(Session, Settled)>>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut repaired = false;
    let mut current = link.clone();
    for (session, settled) in &found.body {
        let facts = payment::facts_of(&current, session, PaymentSource::Reconciler, Some(&found.request));
        let event = event_of(*settled);
        // The scheduler notifies Redis of it.
        let _unnotified = renewal::request(tx, &current, event, &facts, now).await?;
        if let Advanced::To(moved) = link::advance(tx, &current, event, &facts, now).await? {
            tracing::warn!(link.id = %link.id, state = %moved.state, "a payment was found that no webhook had told of");
            (repaired, current) = (true, *moved);
        }
    }
    Ok(repaired)
}

/// Asks Stripe for the link's completed sessions.
async fn ask(
    stripe: &Stripe,
    link: &link::Model,
    stripe_link_id: &str,
) -> Result<StripeResponse<Vec<(Session, Settled)>>, StripeError> {
    let complete = stripe.sessions(stripe_link_id, SessionStatus::Complete).await?;
    let mut settled = Vec::new();
    for session in complete.body {
        let end = settlement::ask(stripe, link, &session).await?;
        settled.push((session, end));
    }
    Ok(StripeResponse { body: settled, request: complete.request })
}

const fn event_of(settled: Settled) -> LinkEvent {
    match settled {
        Settled::Paid => LinkEvent::PaymentSucceeded,
        Settled::UnderWay => LinkEvent::PaymentPending,
        Settled::Failed => LinkEvent::PaymentFailed,
    }
}

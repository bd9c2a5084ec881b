//! `reconcile_link`: asks Stripe about a link of which no webhook has told for long, and repairs what one should have told.

use chrono::{DateTime, Utc};
use entity::{
    LinkState, Transaction,
    link::{self, Advanced, LinkEvent},
    stripe_integration,
};
use queue::{Done, JobError, Lease, ReconcileLink};
use sea_orm::DbErr;

use super::{close_stripe_link, find_link, has_tried_enough, nothing_to_do};
use crate::{
    Work,
    handler::Handler,
    payment::{self, Source},
    settling::{self, Settled},
    stripe::{Advice, Answer, Session, SessionStatus, Stripe, StripeError},
};

impl Handler for ReconcileLink {
    async fn run(&self, work: &Work, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(work, self.merchant, self.link).await?;
        let Some(integration) = work.stripe_integration(self.merchant).await? else {
            return leave(work, lease, &link).await;
        };
        match link.state {
            LinkState::Unpaid | LinkState::Processing => look(work, lease, &work.stripe_of(&integration)?, &link).await,
            // Its job has given up, or is at it; to close it twice is to close it once.
            LinkState::Voiding | LinkState::Expiring => match close_stripe_link::close(work, lease, &link).await {
                Err(JobError::Retry { .. }) => leave(work, lease, &link).await,
                closed => closed,
            },
            LinkState::Creating | LinkState::Failed | LinkState::Paid | LinkState::Voided | LinkState::Expired => {
                nothing_to_do(work, lease).await
            }
        }
    }

    /// The next tick asks again.
    async fn give_up(&self, _: &Work, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Lets the link wait for the next turn: nobody can be asked about it.
async fn leave(work: &Work, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    let tx = work.db.begin().await?;
    link::set_checked(&tx, link, work.now()).await?;
    lease.finish(tx, work.now()).await
}

async fn look(work: &Work, lease: &Lease, stripe: &Stripe, link: &link::Model) -> Result<Done, JobError> {
    let Some(stripe_link_id) = &link.stripe_link_id else { return leave(work, lease, link).await };
    let found = match ask(stripe, link, stripe_link_id).await {
        Ok(found) => found,
        // The key is no good, which the diagnosis of the connection says; or Stripe is away, and the next turn comes.
        Err(error) if error.advice() == Advice::Tell || has_tried_enough(lease) => {
            return leave(work, lease, link).await;
        }
        Err(error) => return Err(error.into_retry()),
    };
    let now = work.now();
    let tx = work.db.begin().await?;
    let mut repaired = false;
    let mut current = link.clone();
    for (session, settled) in &found.body {
        let facts = payment::facts_of(&current, session, Source::Reconciler, Some(&found.request));
        if let Advanced::To(moved) = link::advance(&tx, &current, event_of(*settled), &facts, now).await? {
            tracing::warn!(link.id = %link.id, state = %moved.state, "a payment was found that no webhook had told of");
            (repaired, current) = (true, *moved);
        }
    }
    link::set_checked(&tx, link, now).await?;
    if repaired {
        stripe_integration::note_missed(&tx, link.merchant_id, now).await?;
    }
    lease.finish(tx, now).await
}

/// What Stripe says of the link's completed sessions.
async fn ask(
    stripe: &Stripe,
    link: &link::Model,
    stripe_link_id: &str,
) -> Result<Answer<Vec<(Session, Settled)>>, StripeError> {
    let complete = stripe.sessions(stripe_link_id, SessionStatus::Complete).await?;
    let mut settled = Vec::new();
    for session in complete.body {
        let end = settling::settle(stripe, link, &session).await?;
        settled.push((session, end));
    }
    Ok(Answer { body: settled, request: complete.request })
}

const fn event_of(settled: Settled) -> LinkEvent {
    match settled {
        Settled::Paid => LinkEvent::PaymentSucceeded,
        Settled::UnderWay => LinkEvent::PaymentPending,
        Settled::Failed => LinkEvent::PaymentFailed,
    }
}

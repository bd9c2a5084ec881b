//! `close_stripe_link`: closes a link at Stripe when it is voided or has expired. A link becomes `voided` only when
//! Stripe has confirmed it; if the payment was faster, it becomes `paid`.
//!
//! A failed link is closed too, in case Stripe had created it after all and the answer was lost.

use chrono::{DateTime, Utc};
use domain::{LinkState, link::LinkEvent};
use entity::{
    Transaction,
    link::{self, StripeFacts},
};
use queue::{CloseStripeLink, Done, JobError, JobHandler, Lease};
use sea_orm::DbErr;

use super::{find_link, nothing_to_do};
use crate::{
    JobContext,
    payments::close,
    stripe::{NotDone, StripeError},
};

impl JobHandler<JobContext> for CloseStripeLink {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(context, self.merchant, self.link).await?;
        if link.state == LinkState::Failed {
            return close_lost(context, lease, &link).await;
        }
        match close::ready_to_close(context, link).await? {
            Some(link) => close(context, lease, &link).await,
            None => nothing_to_do(context, lease).await,
        }
    }

    /// The link's state stays, since it is unknown whether it is closed. Buyers are refused in any case, and the
    /// merchant sees the reason.
    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(link) = link::find(tx, self.merchant, self.link).await? else { return Ok(()) };
        let why = "Stripe has not confirmed that this link can no longer be paid. Deactivate it in Stripe's dashboard."
            .to_owned();
        link::set_failure(tx, &link, link::TimelineEvent::CloseFailed, why, now).await
    }
}

/// Closes a link that is ready for it, and finishes the job with the result. A problem that only the merchant can solve
/// is reported, and the close is tried again with the next diagnosis.
pub(super) async fn close(context: &JobContext, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    let closed = match close::close_link(context, link).await {
        Ok(closed) => Ok(closed),
        Err(NotDone::Refused(refused)) => Err(refused),
        Err(NotDone::NotYet(error)) => return Err(error),
    };
    let now = context.now();
    let tx = context.db.begin().await?;
    link::set_checked(&tx, link, now).await?;
    match closed {
        Ok((event, facts)) => {
            link::advance(&tx, link, event, &facts, now).await?;
            link::clear_failure(&tx, link, now).await?;
        }
        Err(refused) => {
            tracing::warn!(link.id = %link.id, error = %refused, "Stripe refused to close a link");
            link::set_failure(&tx, link, link::TimelineEvent::CloseFailed, refused.for_merchant(), now).await?;
        }
    }
    lease.finish(tx, now).await
}

/// Searches Stripe for a link whose creation was not confirmed, and closes it.
async fn close_lost(context: &JobContext, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    let stripe = context.stripe(link.merchant_id).await?;
    let found = stripe.find_payment_link(link.merchant_id, link.id, None).await.map_err(StripeError::into_job_error)?;
    let Some(found) = found else { return nothing_to_do(context, lease).await };
    let (event, facts) = match close::close_at_stripe(context, &stripe, link, &found.id).await {
        Ok(closed) => closed,
        Err(NotDone::Refused(refused)) => return Err(JobError::fail(refused)),
        Err(NotDone::NotYet(error)) => return Err(error),
    };
    let now = context.now();
    let tx = context.db.begin().await?;
    if event == LinkEvent::PaymentSucceeded {
        let facts = StripeFacts { link_id: Some(found.id), livemode: Some(found.livemode), ..facts };
        link::advance(&tx, link, event, &facts, now).await?;
    } else {
        link::note(&tx, link, now, link::TimelineEvent::ClosedAtStripe, facts.detail).await?;
    }
    lease.finish(tx, now).await
}

//! Creates another payment link at Stripe for a link whose delayed payment failed. The previous one is closed first. It
//! was limited to one payment, so it should be closed already; if it turns out to be paid after all, the link becomes
//! paid and nothing is created.

use domain::link::LinkEvent;
use entity::link;
use queue::{Done, JobError, Lease};

use super::{look_up, make};
use crate::{
    JobContext,
    jobs::{close_stripe_link, find_link, nothing_to_do},
    payments::close,
    stripe::{NotDone, StripeError},
};

/// The reason shown to the merchant when Stripe could not be reached.
pub(super) const UNREACHABLE: &str = "The buyer's bank did not pay, and for a day Stripe could not be reached to let the buyer pay again. Void the link and make a new one.";

pub(super) async fn renew(context: &JobContext, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    let Some(used_up) = link.stripe_link_id.as_deref() else { return nothing_to_do(context, lease).await };
    if !link.awaits_renewal() {
        return close_what_was_made(context, lease, link).await;
    }
    if link.purged_at.is_some() {
        return close_what_was_erased(context, lease, link).await;
    }
    let stripe = context.stripe(link.merchant_id).await?;
    let now = context.now();
    let closed = match close::close_at_stripe(context, &stripe, link, used_up).await {
        Ok(closed) => closed,
        Err(NotDone::Refused(refused)) => return refuse(context, lease, link, &refused).await,
        Err(NotDone::NotYet(error)) => return Err(error),
    };
    if let (LinkEvent::PaymentSucceeded, facts) = closed {
        let tx = context.db.begin().await?;
        link::advance(&tx, link, LinkEvent::PaymentSucceeded, &facts, now).await?;
        return lease.finish(tx, now).await;
    }
    let made = match make(context, &stripe, link).await {
        Ok(made) => made,
        Err(NotDone::Refused(refused)) => return refuse(context, lease, link, &refused).await,
        Err(NotDone::NotYet(error)) => return Err(error),
    };
    let tx = context.db.begin().await?;
    if link::set_renewed(&tx, link, (&made.id, &made.url), now).await? {
        return lease.finish(tx, now).await;
    }
    tx.rollback().await?;
    // Another worker did this with the same key.
    let current = find_link(context, link.merchant_id, link.id).await?;
    if current.stripe_link_id.as_deref() == Some(made.id.as_str()) {
        return nothing_to_do(context, lease).await;
    }
    // The link was voided meanwhile. Its new payment link was never shown to anyone and must not be payable.
    stripe.deactivate_payment_link(&made.id).await.map_err(StripeError::into_job_error)?;
    nothing_to_do(context, lease).await
}

/// The amount was erased while the payment was pending, so there is nothing to charge.
async fn close_what_was_erased(context: &JobContext, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    match close::ready_to_close(context, link.clone()).await? {
        Some(closing) => close_stripe_link::close(context, lease, &closing).await,
        None => nothing_to_do(context, lease).await,
    }
}

/// An interrupted attempt may have created a payment link.
async fn close_what_was_made(context: &JobContext, lease: &Lease, link: &link::Model) -> Result<Done, JobError> {
    if link.stripe_attempted_at.is_some() {
        let stripe = context.stripe(link.merchant_id).await?;
        if let Some(made) = look_up(&stripe, link).await? {
            stripe.deactivate_payment_link(&made.id).await.map_err(StripeError::into_job_error)?;
        }
    }
    nothing_to_do(context, lease).await
}

async fn refuse(
    context: &JobContext,
    lease: &Lease,
    link: &link::Model,
    refused: &StripeError,
) -> Result<Done, JobError> {
    tracing::warn!(link.id = %link.id, error = %refused, "Stripe refused to have a link paid anew");
    let why = format!(
        "The buyer's bank did not pay, and the buyer cannot pay again with this link. {}",
        refused.for_merchant()
    );
    let now = context.now();
    let tx = context.db.begin().await?;
    link::set_failure(&tx, link, link::TimelineEvent::RenewalFailed, why, now).await?;
    lease.finish(tx, now).await
}

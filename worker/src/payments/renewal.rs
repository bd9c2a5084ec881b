//! A failed delayed payment uses up the link's payment link at Stripe, so another is requested. The job checks whether
//! it is still needed.

use chrono::{DateTime, Utc};
use domain::link::LinkEvent;
use entity::link::{self, StripeFacts};
use queue::{CreateStripeLink, EnqueueOptions, EnqueuedJob, Lease, enqueue};
use sea_orm::{ConnectionTrait, DbErr};

/// Requests another payment link if this event says that a payment did not settle, once for each payment.
pub(crate) async fn request(
    tx: &impl ConnectionTrait,
    link: &link::Model,
    event: LinkEvent,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    let Some(session) = facts.session.as_deref().filter(|_| event == LinkEvent::PaymentFailed) else { return Ok(None) };
    let job = CreateStripeLink { merchant: link.merchant_id, link: link.id };
    let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("renew:{}:{session}", link.id));
    enqueue(tx, &job, once, now).await
}

/// Requests again a payment link that Stripe refused or whose job is dead, if the link still waits for it; once for
/// each time that Stripe is asked about it. A concurrent request uses the same key at Stripe.
pub(crate) async fn request_again(
    tx: &impl ConnectionTrait,
    link: &link::Model,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    if !link.awaits_renewal() {
        return Ok(None);
    }
    let answered = link.stripe_checked_at.map_or(0, |at| at.timestamp_micros());
    let job = CreateStripeLink { merchant: link.merchant_id, link: link.id };
    let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("renew:{}:{answered}", link.id));
    enqueue(tx, &job, once.in_lane_of(lease), now).await
}

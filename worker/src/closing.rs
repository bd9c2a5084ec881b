//! Closing a link at Stripe, so that it can be proved: inactive, no session open, and a look at whether the payment was faster.

use entity::{
    LinkState, MerchantId,
    link::{self, Advanced, LinkEvent, StripeFacts},
};
use queue::JobError;

use crate::{
    Work, payment,
    stripe::{PaymentStatus, Session, Stripe, StripeError},
};

/// How often sessions that keep being opened are expired before the job tries again later. A link that is inactive opens no
/// new ones, so once is the rule.
const MOST_ROUNDS: usize = 3;

/// What Stripe says after the closing.
pub(crate) enum Closing {
    /// It can no longer be paid.
    Closed,
    /// A buyer was faster.
    Completed(Box<Session>),
}

/// A buyer keeps opening sessions.
#[derive(Debug, thiserror::Error)]
#[error("there are still open sessions")]
struct StillOpen;

/// Closes a link at Stripe. Safe to repeat.
async fn close(stripe: &Stripe, link: &link::Model, stripe_link_id: &str) -> Result<Closing, JobError> {
    let error = StripeError::into_job_error;
    stripe.deactivate_payment_link(stripe_link_id).await.map_err(error)?;
    for _ in 0..MOST_ROUNDS {
        let open = stripe.sessions(stripe_link_id, "open").await.map_err(error)?;
        if open.is_empty() {
            let complete = stripe.sessions(stripe_link_id, "complete").await.map_err(error)?;
            return Ok(match complete.into_iter().find(|session| !has_failed(link, session)) {
                Some(session) => Closing::Completed(Box::new(session)),
                None => Closing::Closed,
            });
        }
        for session in open {
            match stripe.expire_session(&session.id).await {
                // Refused: it was paid or expired since the list was made, which the next list will show.
                Ok(()) | Err(StripeError::Refused { status: reqwest::StatusCode::BAD_REQUEST, .. }) => {}
                Err(refused) => return Err(refused.into_job_error()),
            }
        }
    }
    Err(JobError::retry(StillOpen))
}

/// Whether this is a delayed payment of which Stripe has told that it failed: its session stays complete and unpaid for ever.
/// A link comes here from `unpaid`, so a payment that it was `processing` before is over.
fn has_failed(link: &link::Model, session: &Session) -> bool {
    session.payment_status == Some(PaymentStatus::Unpaid)
        && session.payment_intent.is_some()
        && session.payment_intent == link.stripe_payment_intent
}

/// A payment is under way; its end decides.
#[derive(Debug, thiserror::Error)]
#[error("a payment is under way")]
pub(crate) struct PaymentUnderWay;

/// Closes the link at Stripe and answers the event and the facts that follow for it.
pub(crate) async fn close_link(
    work: &Work,
    merchant: MerchantId,
    link: &link::Model,
) -> Result<(LinkEvent, StripeFacts), JobError> {
    let Some(stripe_link_id) = &link.stripe_link_id else {
        return Err(JobError::fail("the link was never made at Stripe"));
    };
    let stripe = work.stripe(merchant).await?;
    match close(&stripe, link, stripe_link_id).await? {
        Closing::Closed => {
            let detail = format!("Stripe confirmed that {stripe_link_id} is inactive and no session is open");
            Ok((LinkEvent::CloseConfirmed, StripeFacts { detail: Some(detail), ..StripeFacts::default() }))
        }
        Closing::Completed(session) => match payment::event_of(&session) {
            LinkEvent::PaymentPending => Err(JobError::retry(PaymentUnderWay)),
            event => Ok((event, payment::facts_of(link, &session, "closing"))),
        },
    }
}

/// The link, ready to be closed: one whose time is over is told so first. `None` if there is nothing to close.
///
/// # Errors
/// A retry while its making or a payment is under way.
pub(crate) async fn begin(work: &Work, link: link::Model) -> Result<Option<link::Model>, JobError> {
    match link.state {
        LinkState::Voiding | LinkState::Expiring => Ok(Some(link)),
        LinkState::Failed | LinkState::Paid | LinkState::Voided | LinkState::Expired | LinkState::Processing => {
            Ok(None)
        }
        LinkState::Creating => Err(JobError::retry(StillCreating)),
        LinkState::Unpaid => {
            let tx = work.db.begin().await?;
            let facts = StripeFacts::default();
            let advanced = link::advance(&tx, &link, LinkEvent::ExpiryReached, &facts, work.now()).await?;
            tx.commit().await?;
            match advanced {
                Advanced::To(link) => Ok(Some(*link)),
                // It moved on meanwhile: look again.
                Advanced::Unchanged | Advanced::Refused(_) => Err(JobError::retry(PaymentUnderWay)),
            }
        }
    }
}

/// The link is still being made; there is nothing at Stripe to close yet, but there may be soon.
#[derive(Debug, thiserror::Error)]
#[error("the link is still being made")]
struct StillCreating;

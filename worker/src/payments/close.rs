//! Closes a link at Stripe verifiably: it is inactive, it has no open session, and it was checked whether the payment
//! was faster.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    LinkState,
    link::{LinkEvent, PaymentSource, StripeProof},
};
use entity::link::{self, Advanced, StripeFacts};
use queue::JobError;

use crate::{
    JobContext,
    payments::{
        payment,
        settlement::{self, Settled},
    },
    stripe::{NotDone, Session, SessionStatus, Stripe, StripeError},
};

/// How many rounds of expiring sessions there are before the job is retried later. An inactive link opens no new
/// sessions, so one round is usually enough.
const MOST_ROUNDS: usize = 3;

/// Buyers keep opening sessions.
#[derive(Debug, thiserror::Error)]
#[error("there are still open sessions")]
struct StillOpen;

/// Stripe reports a link as active that it was told to deactivate.
#[derive(Debug, thiserror::Error)]
#[error("Stripe says that the link is still active, request {0}")]
struct StillActive(String);

/// A payment is pending; its result decides.
#[derive(Debug, thiserror::Error)]
#[error("a payment is under way")]
pub(crate) struct PaymentUnderWay;

/// The link is still being created; there is nothing to close at Stripe yet, but there may be soon.
#[derive(Debug, thiserror::Error)]
#[error("the link is still being made")]
pub(crate) struct StillCreating;

/// The link's state changed first.
#[derive(Debug, thiserror::Error)]
#[error("the link has changed meanwhile")]
struct LinkMoved;

/// What Stripe confirmed and when, with the request ids for Stripe's support.
#[derive(Debug, Default)]
struct CloseEvidence(Vec<String>);

impl CloseEvidence {
    fn note(&mut self, what: impl std::fmt::Display, request: &str, at: DateTime<Utc>) {
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        self.0.push(format!("{what} at {at} ({request})"));
    }

    fn into_detail(self) -> String {
        StripeProof::Confirmed(&self.0.join("; ")).to_string()
    }
}

/// Closes the link at Stripe. Returns the resulting event and facts. Safe to repeat.
pub(crate) async fn close_link(context: &JobContext, link: &link::Model) -> Result<(LinkEvent, StripeFacts), NotDone> {
    let Some(stripe_link_id) = &link.stripe_link_id else {
        return Err(JobError::fail("the link was never made at Stripe").into());
    };
    let stripe = context.stripe(link.merchant_id).await?;
    close_at_stripe(context, &stripe, link, stripe_link_id).await
}

/// Closes a link whose id at Stripe is known from elsewhere.
pub(crate) async fn close_at_stripe(
    context: &JobContext,
    stripe: &Stripe,
    link: &link::Model,
    stripe_link_id: &str,
) -> Result<(LinkEvent, StripeFacts), NotDone> {
    let mut evidence = CloseEvidence::default();
    let after = stripe.deactivate_payment_link(stripe_link_id).await?;
    if after.body {
        return Err(JobError::retry(StillActive(after.request)).into());
    }
    evidence.note(format_args!("{stripe_link_id} is inactive"), &after.request, context.now());
    expire_open_sessions(context, stripe, stripe_link_id, &mut evidence).await?;
    let complete = stripe.sessions(stripe_link_id, SessionStatus::Complete).await?;
    for session in &complete.body {
        match settlement::ask(stripe, link, session).await? {
            Settled::Failed => {}
            Settled::UnderWay => return Err(JobError::retry(PaymentUnderWay).into()),
            Settled::Paid => return Ok((LinkEvent::PaymentSucceeded, paid(link, session, &complete.request))),
        }
    }
    evidence.note("no session was paid", &complete.request, context.now());
    Ok((LinkEvent::CloseConfirmed, StripeFacts { detail: Some(evidence.into_detail()), ..StripeFacts::default() }))
}

fn paid(link: &link::Model, session: &Session, request: &str) -> StripeFacts {
    payment::facts_of(link, session, PaymentSource::Closing, Some(request))
}

async fn expire_open_sessions(
    context: &JobContext,
    stripe: &Stripe,
    stripe_link_id: &str,
    evidence: &mut CloseEvidence,
) -> Result<(), NotDone> {
    for _ in 0..MOST_ROUNDS {
        let open = stripe.sessions(stripe_link_id, SessionStatus::Open).await?;
        if open.body.is_empty() {
            evidence.note("no session is open", &open.request, context.now());
            return Ok(());
        }
        for session in open.body {
            match stripe.expire_session(&session.id).await {
                Ok(expired) => evidence.note(format_args!("{} expired", session.id), &expired.request, context.now()),
                // It was paid or expired since the list was read; the next list shows which.
                Err(StripeError::Refused { status: reqwest::StatusCode::BAD_REQUEST, .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Err(JobError::retry(StillOpen).into())
}

/// The link in a state in which it can be closed; one that is overdue is marked as expiring first. Returns `None` if
/// there is nothing to close.
///
/// # Errors
/// Returns an error that retries the job while the link is being created or a payment is pending.
pub(crate) async fn ready_to_close(context: &JobContext, link: link::Model) -> Result<Option<link::Model>, JobError> {
    match link.state {
        LinkState::Voiding | LinkState::Expiring | LinkState::Settling => Ok(Some(link)),
        LinkState::Failed | LinkState::Paid | LinkState::Voided | LinkState::Expired | LinkState::Processing => {
            Ok(None)
        }
        LinkState::Creating => Err(JobError::retry(StillCreating)),
        LinkState::Unpaid => {
            let tx = context.db.begin().await?;
            let facts = StripeFacts::default();
            let advanced = link::advance(&tx, &link, LinkEvent::ExpiryReached, &facts, context.now()).await?;
            tx.commit().await?;
            match advanced {
                Advanced::To(link) => Ok(Some(*link)),
                Advanced::Unchanged | Advanced::Refused(_) => Err(JobError::retry(LinkMoved)),
            }
        }
    }
}

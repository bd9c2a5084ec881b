//! What one of Stripe's webhook events means for a link, and its application. The job around it is `jobs::process_stripe_event`.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    LinkId, Money,
    link::{LinkEvent, Review},
};
use entity::{
    Transaction,
    link::{self, DisputeReport, Refund, StripeFacts},
    stripe_integration,
    webhook_event::WebhookEvent,
};
use queue::JobError;
use sea_orm::DbErr;

use crate::{
    payments::payment::{self, Source},
    stripe::{Charge, Dispute, Event, METADATA_LINK, Object, Session},
};

/// How long an event may wait for the one that tells which link it is about: until we have asked Stripe ourselves for certain.
const PATIENCE: TimeDelta = TimeDelta::hours(6);

/// What became of an event.
pub(crate) enum Outcome {
    /// It was about this link.
    Applied(LinkId),
    /// It means nothing to us.
    Ignored,
}

/// What an event tells, once it is read.
pub(crate) enum StripeFact {
    /// Something happened to the link of this session.
    Payment(Session, LinkEvent),
    /// Something was refunded.
    Refund(Charge),
    /// A dispute was opened.
    Dispute(Dispute),
    /// A dispute has ended.
    DisputeClosed(Dispute),
    /// Nothing that means something to us, or nothing any more: its payload was erased.
    Nothing,
}

/// The event that names the link has not come yet.
#[derive(Debug, thiserror::Error)]
#[error("it is not known yet which link this is about")]
struct TooEarly;

/// Reads what an event tells.
///
/// # Errors
/// When its payload is not what its type promises; to read it again cannot help.
pub(crate) fn read(event: &WebhookEvent) -> Result<StripeFact, serde_json::Error> {
    let Some(payload) = &event.payload else { return Ok(StripeFact::Nothing) };
    let fact: Event = serde_json::from_str(payload)?;
    Ok(match fact.object()? {
        Object::SessionCompleted(session) => {
            let what = payment::event_of(&session);
            StripeFact::Payment(session, what)
        }
        Object::SessionFailed(session) => StripeFact::Payment(session, LinkEvent::PaymentFailed),
        Object::Refunded(charge) => StripeFact::Refund(charge),
        Object::Disputed(dispute) if fact.kind.ends_with("closed") => StripeFact::DisputeClosed(dispute),
        Object::Disputed(dispute) => StripeFact::Dispute(dispute),
        Object::Other => StripeFact::Nothing,
    })
}

/// Applies what an event tells, in the transaction that concludes it.
///
/// # Errors
/// When the database does not answer, or when it is too early to know which link it is about.
pub(crate) async fn apply(
    tx: &Transaction,
    event: &WebhookEvent,
    fact: &StripeFact,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    match fact {
        StripeFact::Payment(session, what) => pay(tx, event, session, *what, now).await,
        StripeFact::Refund(charge) => note_refund(tx, event, charge, now).await,
        StripeFact::Dispute(dispute) => note_dispute(tx, event, dispute, dispute.reason.clone(), now).await,
        StripeFact::DisputeClosed(dispute) => note_dispute(tx, event, dispute, dispute.status.clone(), now).await,
        StripeFact::Nothing => Ok(Outcome::Ignored),
    }
}

async fn pay(
    tx: &Transaction,
    event: &WebhookEvent,
    session: &Session,
    what: LinkEvent,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    let Some(link) = link_of_session(tx, event, session).await? else { return Ok(Outcome::Ignored) };
    let facts = facts_of(&link, session);
    link::advance(tx, &link, what, &facts, now).await?;
    if facts.review == Some(Review::LivemodeMismatch) {
        stripe_integration::note_other_mode(tx, event.merchant_id, now).await?;
    }
    Ok(Outcome::Applied(link.id))
}

/// What is kept of a session that a webhook tells of.
pub(crate) fn facts_of(link: &link::Model, session: &Session) -> StripeFacts {
    payment::facts_of(link, session, Source::Webhook, None)
}

/// By Stripe's id of the link, or by the metadata that we gave it: the answer to its creation may have been lost.
async fn link_of_session(
    tx: &Transaction,
    event: &WebhookEvent,
    session: &Session,
) -> Result<Option<link::Model>, DbErr> {
    if let Some(stripe_link_id) = &session.payment_link
        && let Some(link) = link::find_by_stripe_id(tx, event.merchant_id, stripe_link_id).await?
    {
        return Ok(Some(link));
    }
    let named = session.metadata.as_ref().and_then(|metadata| metadata.get(METADATA_LINK));
    named_link(tx, event, named).await
}

async fn named_link(tx: &Transaction, event: &WebhookEvent, id: Option<&String>) -> Result<Option<link::Model>, DbErr> {
    match id.map(|id| id.parse::<LinkId>()) {
        Some(Ok(id)) => link::find(tx, event.merchant_id, id).await,
        Some(Err(_)) | None => Ok(None),
    }
}

async fn note_refund(
    tx: &Transaction,
    event: &WebhookEvent,
    charge: &Charge,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    let mut link = named_link(tx, event, charge.metadata.get(METADATA_LINK)).await?;
    if link.is_none() {
        link = paid_link(tx, event, charge.payment_intent.as_deref()).await?;
    }
    let Some(link) = link else { return Ok(Outcome::Ignored) };
    let total = charge
        .currency
        .parse()
        .ok()
        .and_then(|currency| Money::from_stripe_amount(charge.amount_refunded, currency).ok());
    let refund = Refund { payment_intent: charge.payment_intent.clone(), total };
    link::note_refund(tx, &link, &refund, now).await?;
    Ok(Outcome::Applied(link.id))
}

async fn note_dispute(
    tx: &Transaction,
    event: &WebhookEvent,
    dispute: &Dispute,
    detail: Option<String>,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    let Some(link) = paid_link(tx, event, dispute.payment_intent.as_deref()).await? else {
        // A dispute carries no metadata. It may have overtaken the payment, or be about a payment that is none of ours.
        return if event.received_at + PATIENCE > now { Err(JobError::retry(TooEarly)) } else { Ok(Outcome::Ignored) };
    };
    let fact = DisputeReport {
        stands: dispute.status.as_deref().map_or(link::Dispute::Open, link::Dispute::from_stripe),
        opened_at: dispute.created.and_then(|at| DateTime::from_timestamp(at, 0)).unwrap_or(event.received_at),
    };
    link::note_dispute(tx, &link, fact, detail, now).await?;
    Ok(Outcome::Applied(link.id))
}

async fn paid_link(
    tx: &Transaction,
    event: &WebhookEvent,
    payment_intent: Option<&str>,
) -> Result<Option<link::Model>, DbErr> {
    match payment_intent {
        Some(intent) => link::find_by_payment_intent(tx, event.merchant_id, intent).await,
        None => Ok(None),
    }
}

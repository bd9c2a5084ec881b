//! `process_stripe_event`: applies one webhook event: idempotent, in any order.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    LinkId, MerchantId, Money,
    link::{self, LinkEvent},
    stripe_integration,
    webhook_event::{self, EventState, WebhookEvent},
};
use queue::{Done, JobError, Lease, ProcessStripeEvent};
use sea_orm::{DatabaseTransaction, DbErr};

use super::Missing;
use crate::{
    Work,
    handler::Handler,
    payment,
    stripe::{Charge, Dispute, Event, METADATA_LINK, Object, Session},
};

/// How long an event may wait for the one that tells which link it is about.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// What became of an event.
enum Outcome {
    /// It was about this link.
    Applied(LinkId),
    /// It means nothing to us.
    Ignored,
}

/// The event that names the link has not come yet.
#[derive(Debug, thiserror::Error)]
#[error("it is not known yet which link this is about")]
struct TooEarly;

impl Handler for ProcessStripeEvent {
    async fn run(&self, work: &Work, lease: &Lease) -> Result<Done, JobError> {
        let found = webhook_event::find(work.db.pool(), self.merchant, self.event).await?;
        let event = found.ok_or_else(|| JobError::fail(Missing(self.event.to_string())))?;
        let now = work.now();
        let tx = work.db.begin().await?;
        let (state, link) = match apply(&tx, &event, now).await? {
            Outcome::Applied(link) => (EventState::Applied, Some(link)),
            Outcome::Ignored => (EventState::Ignored, None),
        };
        webhook_event::conclude(&tx, &event, state, link, None, now).await?;
        if let Some(link) = link {
            forget_if_purged(&tx, self.merchant, link).await?;
        }
        stripe_integration::note_event(&tx, self.merchant, now).await?;
        lease.finish(tx, now).await
    }

    async fn give_up(&self, _: &Work, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(event) = webhook_event::find(tx, self.merchant, self.event).await? else { return Ok(()) };
        let why = Some("It could not be applied; the job's error says why.".to_owned());
        webhook_event::conclude(tx, &event, EventState::Failed, None, why, now).await
    }
}

/// What is told about a link after its purge is acted on and not kept.
async fn forget_if_purged(tx: &DatabaseTransaction, merchant: MerchantId, link: LinkId) -> Result<(), DbErr> {
    match link::find(tx, merchant, link).await? {
        Some(link) if link.purged_at.is_some() => webhook_event::erase_payloads(tx, link.id).await,
        Some(_) | None => Ok(()),
    }
}

async fn apply(tx: &DatabaseTransaction, event: &WebhookEvent, now: DateTime<Utc>) -> Result<Outcome, JobError> {
    let Some(payload) = &event.payload else { return Ok(Outcome::Ignored) };
    let told: Event = serde_json::from_str(payload).map_err(JobError::fail)?;
    match told.object().map_err(JobError::fail)? {
        Object::SessionCompleted(session) => {
            let what = payment::event_of(&session);
            pay(tx, event, &session, what, now).await
        }
        Object::SessionFailed(session) => pay(tx, event, &session, LinkEvent::PaymentFailed, now).await,
        Object::Refunded(charge) => note_refund(tx, event, &charge, now).await,
        Object::Disputed(dispute) => note_dispute(tx, event, &told.kind, &dispute, now).await,
        Object::Other => Ok(Outcome::Ignored),
    }
}

async fn pay(
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    session: &Session,
    what: LinkEvent,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    let Some(link) = link_of_session(tx, event, session).await? else { return Ok(Outcome::Ignored) };
    let facts = payment::facts_of(&link, session, "webhook");
    link::advance(tx, &link, what, &facts, now).await?;
    Ok(Outcome::Applied(link.id))
}

/// By Stripe's id of the link, or by the metadata that we gave it: the answer to its creation may have been lost.
async fn link_of_session(
    tx: &DatabaseTransaction,
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

async fn named_link(
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    id: Option<&String>,
) -> Result<Option<link::Model>, DbErr> {
    match id.map(|id| id.parse::<LinkId>()) {
        Some(Ok(id)) => link::find(tx, event.merchant_id, id).await,
        Some(Err(_)) | None => Ok(None),
    }
}

async fn note_refund(
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    charge: &Charge,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    let mut link = named_link(tx, event, charge.metadata.get(METADATA_LINK)).await?;
    if link.is_none() {
        link = paid_link(tx, event, charge.payment_intent.as_deref()).await?;
    }
    let Some(link) = link else { return Ok(Outcome::Ignored) };
    let refunded = charge
        .currency
        .parse()
        .ok()
        .and_then(|currency| Money::from_stripe_amount(charge.amount_refunded, currency).ok())
        .map(Money::to_people);
    link::note(tx, link.id, now, "refunded", refunded).await?;
    Ok(Outcome::Applied(link.id))
}

async fn note_dispute(
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    kind: &str,
    dispute: &Dispute,
    now: DateTime<Utc>,
) -> Result<Outcome, JobError> {
    let Some(link) = paid_link(tx, event, dispute.payment_intent.as_deref()).await? else {
        // A dispute carries no metadata. It may have overtaken the payment, or be about a payment that is none of ours.
        return if event.received_at + PATIENCE > now { Err(JobError::retry(TooEarly)) } else { Ok(Outcome::Ignored) };
    };
    let what = if kind.ends_with("closed") { "dispute_closed" } else { "disputed" };
    let detail = if kind.ends_with("closed") { dispute.status.clone() } else { dispute.reason.clone() };
    link::note(tx, link.id, now, what, detail).await?;
    Ok(Outcome::Applied(link.id))
}

async fn paid_link(
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    payment_intent: Option<&str>,
) -> Result<Option<link::Model>, DbErr> {
    match payment_intent {
        Some(intent) => link::find_by_payment_intent(tx, event.merchant_id, intent).await,
        None => Ok(None),
    }
}

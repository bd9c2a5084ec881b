//! What one of Stripe's webhook events means for a link, and its application. The job around it is `jobs::process_stripe_event`.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    LinkId, MerchantId, Money, WebhookEventId,
    link::{LinkEvent, Review},
};
use entity::{
    Transaction,
    link::{self, DisputeReport, Refund, StripeFacts, Transition},
    stripe_integration,
    webhook_event::{self, WebhookEvent},
};
use queue::{JobError, ProcessStripeEvent};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    jobs::Missing,
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
    /// The event that names the link has not come yet.
    TooEarly,
}

/// An event that was read.
pub(crate) struct Told {
    event: WebhookEvent,
    fact: StripeFact,
    /// The link that it is about, if it is one of a payment and there is such a link.
    link: Option<link::Model>,
}

/// What an event says, once it is read.
enum StripeFact {
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
pub(crate) struct TooEarly;

/// Reads what the events of these jobs say, and the links that they are about.
///
/// # Errors
/// When the database does not answer. Of an event alone: when it is not there, or its payload is not what its type calls for; to read
/// it again cannot help.
pub(crate) async fn read_all(
    db: &impl ConnectionTrait,
    jobs: &[&ProcessStripeEvent],
) -> Result<Vec<Result<Told, JobError>>, DbErr> {
    let asked: Vec<_> = jobs.iter().map(|job| (job.merchant, job.event)).collect();
    let events: HashMap<WebhookEventId, WebhookEvent> =
        webhook_event::find_all(db, &asked).await?.into_iter().map(|event| (event.id, event)).collect();
    let read = |job: &&ProcessStripeEvent| {
        let event = events.get(&job.event).ok_or_else(|| JobError::fail(Missing(job.event.to_string())))?.clone();
        let fact = read(&event).map_err(JobError::fail)?;
        Ok(Told { event, fact, link: None })
    };
    let mut told: Vec<Result<Told, JobError>> = jobs.iter().map(read).collect();
    find_links(db, told.iter_mut().flatten().collect()).await?;
    Ok(told)
}

fn read(event: &WebhookEvent) -> Result<StripeFact, serde_json::Error> {
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

/// By Stripe's id of the link, or by the metadata that we gave it: the answer to its creation may have been lost.
async fn find_links(db: &impl ConnectionTrait, events: Vec<&mut Told>) -> Result<(), DbErr> {
    let names: Vec<(MerchantId, &str)> = events.iter().filter_map(|told| told.stripe_link_id()).collect();
    let found = link::find_all_by_stripe_id(db, &names).await?;
    for told in events {
        let is_its = |link: &&link::Model| {
            told.stripe_link_id() == link.stripe_link_id.as_deref().map(|name| (link.merchant_id, name))
        };
        let StripeFact::Payment(session, _) = &told.fact else { continue };
        let link = match found.iter().find(is_its) {
            Some(link) => Some(link.clone()),
            None => {
                named_link(db, &told.event, session.metadata.as_ref().and_then(|all| all.get(METADATA_LINK))).await?
            }
        };
        told.link = link;
    }
    Ok(())
}

impl Told {
    /// Stripe's name of the link of this payment.
    fn stripe_link_id(&self) -> Option<(MerchantId, &str)> {
        match &self.fact {
            StripeFact::Payment(session, _) => Some((self.event.merchant_id, session.payment_link.as_deref()?)),
            StripeFact::Refund(_) | StripeFact::Dispute(_) | StripeFact::DisputeClosed(_) | StripeFact::Nothing => None,
        }
    }

    /// The payment of a link: what it means for the link, and what is kept of it.
    fn payment(&self) -> Option<(&link::Model, LinkEvent, StripeFacts)> {
        let link = self.link.as_ref()?;
        match &self.fact {
            StripeFact::Payment(session, event) => {
                Some((link, *event, payment::facts_of(link, session, Source::Webhook, None)))
            }
            StripeFact::Refund(_) | StripeFact::Dispute(_) | StripeFact::DisputeClosed(_) | StripeFact::Nothing => None,
        }
    }
}

/// Applies what events say, in the transaction that concludes them; answers each, in their order. Payments are applied before refunds
/// and disputes: they say which payment those are about.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn apply(tx: &Transaction, events: &[&Told], now: DateTime<Utc>) -> Result<Vec<Outcome>, DbErr> {
    pay(tx, events, now).await?;
    let mut outcomes = Vec::with_capacity(events.len());
    for Told { event, fact, link } in events {
        outcomes.push(match fact {
            StripeFact::Payment(..) => link.as_ref().map_or(Outcome::Ignored, |link| Outcome::Applied(link.id)),
            StripeFact::Refund(charge) => note_refund(tx, event, charge, now).await?,
            StripeFact::Dispute(dispute) => note_dispute(tx, event, dispute, dispute.reason.clone(), now).await?,
            StripeFact::DisputeClosed(dispute) => note_dispute(tx, event, dispute, dispute.status.clone(), now).await?,
            StripeFact::Nothing => Outcome::Ignored,
        });
    }
    Ok(outcomes)
}

async fn pay(tx: &Transaction, events: &[&Told], now: DateTime<Utc>) -> Result<(), DbErr> {
    let payments: Vec<(&link::Model, LinkEvent, StripeFacts)> =
        events.iter().filter_map(|told| told.payment()).collect();
    let transitions: Vec<Transition> =
        payments.iter().map(|(link, event, facts)| Transition { link, event: *event, facts }).collect();
    link::advance_all(tx, &transitions, now).await?;
    let is_of_other_mode =
        |(_, _, facts): &&(&link::Model, LinkEvent, StripeFacts)| facts.review == Some(Review::LivemodeMismatch);
    // Sorted, so that two groups do not wait for each other for ever.
    let merchants: BTreeSet<MerchantId> =
        payments.iter().filter(is_of_other_mode).map(|(link, ..)| link.merchant_id).collect();
    for merchant in merchants {
        stripe_integration::note_other_mode(tx, merchant, now).await?;
    }
    Ok(())
}

async fn named_link(
    db: &impl ConnectionTrait,
    event: &WebhookEvent,
    id: Option<&String>,
) -> Result<Option<link::Model>, DbErr> {
    match id.map(|id| id.parse::<LinkId>()) {
        Some(Ok(id)) => link::find(db, event.merchant_id, id).await,
        Some(Err(_)) | None => Ok(None),
    }
}

async fn note_refund(
    tx: &Transaction,
    event: &WebhookEvent,
    charge: &Charge,
    now: DateTime<Utc>,
) -> Result<Outcome, DbErr> {
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
) -> Result<Outcome, DbErr> {
    let Some(link) = paid_link(tx, event, dispute.payment_intent.as_deref()).await? else {
        // A dispute carries no metadata. It may have overtaken the payment, or be about a payment that is none of ours.
        return Ok(if event.received_at + PATIENCE > now { Outcome::TooEarly } else { Outcome::Ignored });
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

//! What a Stripe webhook event means for a link, and how it is applied. The job is `jobs::process_stripe_event`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    LinkId, MerchantId, WebhookEventId,
    link::{LinkEvent, PaymentSource, Review},
};
use entity::{
    Transaction,
    link::{self, FactReport, LinkTransition, StripeFacts},
    stripe_integration,
    webhook_event::{self, ReceivedEvent},
};
use queue::{JobError, ProcessStripeEvent};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    missing_row::MissingRow,
    payments::{payment, refunds_and_disputes, renewal},
    stripe::{Event, METADATA_LINK, Object, Session},
};

/// An event with its parsed payload.
pub(crate) struct ParsedEvent {
    event: WebhookEventId,
    merchant: MerchantId,
    /// The length of its payload.
    length: usize,
    fact: StripeFact,
    /// The link of its payment, if there is one.
    link: Option<Arc<link::Model>>,
}

/// The meaning of an event.
enum StripeFact {
    /// Something happened to the session of a link.
    Payment(Session, LinkEvent),
    /// A later report about a payment, with its link if the report names it.
    Later(FactReport, Option<LinkId>),
    /// Not relevant to us, or already erased.
    Nothing,
}

/// Reads the events of these jobs and their links.
///
/// # Errors
/// Returns an error if the database query fails. The result for a single event is an error if it does not exist or its
/// payload does not fit its type; retrying does not help.
pub(crate) async fn read_all(
    db: &impl ConnectionTrait,
    jobs: &[&ProcessStripeEvent],
) -> Result<Vec<Result<ParsedEvent, JobError>>, DbErr> {
    let asked: Vec<_> = jobs.iter().map(|job| (job.merchant, job.event)).collect();
    let events: HashMap<WebhookEventId, ReceivedEvent> =
        webhook_event::find_all(db, &asked).await?.into_iter().map(|event| (event.id, event)).collect();
    let read = |job: &&ProcessStripeEvent| {
        let event = events.get(&job.event).ok_or_else(|| JobError::fail(MissingRow(job.event.to_string())))?;
        let fact = read(event).map_err(JobError::fail)?;
        let length = event.payload.as_ref().map_or(0, String::len);
        Ok(ParsedEvent { event: event.id, merchant: event.merchant_id, length, fact, link: None })
    };
    let mut told: Vec<Result<ParsedEvent, JobError>> = jobs.iter().map(read).collect();
    find_links(db, told.iter_mut().flatten().collect()).await?;
    Ok(told)
}

fn read(event: &ReceivedEvent) -> Result<StripeFact, serde_json::Error> {
    let Some(payload) = &event.payload else { return Ok(StripeFact::Nothing) };
    let Event { created, object } = Event::read(&event.kind, payload)?;
    let told_at = created.unwrap_or(event.received_at);
    Ok(match object {
        Object::SessionCompleted(session) => {
            let what = payment::event_of(&session);
            StripeFact::Payment(session, what)
        }
        Object::SessionFailed(session) => StripeFact::Payment(session, LinkEvent::PaymentFailed),
        Object::Refunded(charge) => later(refunds_and_disputes::of_charge(charge, told_at)),
        Object::Refund(refund) => later(refunds_and_disputes::of_refund(refund, told_at).map(|report| (report, None))),
        Object::Disputed(dispute) => {
            later(refunds_and_disputes::of_dispute(dispute, told_at).map(|report| (report, None)))
        }
        Object::Other => StripeFact::Nothing,
    })
}

/// Payments of the merchant's other software may lack what all of ours have.
fn later(report: Option<(FactReport, Option<LinkId>)>) -> StripeFact {
    report.map_or(StripeFact::Nothing, |(report, link)| StripeFact::Later(report, link))
}

/// Finds the links by Stripe's id, or by the metadata that we set, since the answer to the creation may have been lost.
async fn find_links(db: &impl ConnectionTrait, events: Vec<&mut ParsedEvent>) -> Result<(), DbErr> {
    let names: Vec<(MerchantId, &str)> = events.iter().filter_map(|told| told.stripe_link_id()).collect();
    let found: Vec<Arc<link::Model>> =
        link::find_all_by_stripe_id(db, &names).await?.into_iter().map(Arc::new).collect();
    let found: HashMap<(MerchantId, &str), &Arc<link::Model>> =
        found.iter().filter_map(|link| Some(((link.merchant_id, link.stripe_link_id.as_deref()?), link))).collect();
    for told in events {
        let its = told.stripe_link_id().and_then(|name| found.get(&name));
        let StripeFact::Payment(session, _) = &told.fact else { continue };
        let link = if let Some(link) = its {
            Some(Arc::clone(link))
        } else {
            let named = session.metadata.as_ref().and_then(|all| all.get(METADATA_LINK));
            named_link(db, told.merchant, named).await?.map(Arc::new)
        };
        told.link = link;
    }
    Ok(())
}

impl ParsedEvent {
    /// The event and its merchant, if its payload is too long to keep.
    pub(crate) fn too_long_to_keep(&self) -> Option<(MerchantId, WebhookEventId)> {
        (self.length > webhook_event::LONGEST_KEPT).then_some((self.merchant, self.event))
    }

    /// Stripe's id of the payment link.
    fn stripe_link_id(&self) -> Option<(MerchantId, &str)> {
        match &self.fact {
            StripeFact::Payment(session, _) => Some((self.merchant, session.payment_link.as_deref()?)),
            StripeFact::Later(..) | StripeFact::Nothing => None,
        }
    }

    /// The link of a payment, what the payment means for it, and the facts to store.
    fn payment(&self) -> Option<(&link::Model, LinkEvent, StripeFacts)> {
        let link = self.link.as_ref()?;
        match &self.fact {
            StripeFact::Payment(session, event) => {
                Some((link, *event, payment::facts_of(link, session, PaymentSource::Webhook, None)))
            }
            StripeFact::Later(..) | StripeFact::Nothing => None,
        }
    }
}

/// Applies events in the transaction that concludes them. Returns the link of each, in order, and `None` for those that
/// are not relevant. Payments are applied before refunds and disputes, since they tell which payment those are about.
pub(crate) async fn apply(
    tx: &Transaction,
    events: &[&ParsedEvent],
    now: DateTime<Utc>,
) -> Result<Vec<Option<LinkId>>, DbErr> {
    pay(tx, events, now).await?;
    let mut outcomes = Vec::with_capacity(events.len());
    let mut reports = Vec::new();
    for (at, ParsedEvent { merchant, fact, link, .. }) in events.iter().enumerate() {
        outcomes.push(match fact {
            StripeFact::Payment(..) => link.as_ref().map(|link| link.id),
            StripeFact::Later(report, named) => {
                let link = paid_link(tx, *merchant, report, *named).await?;
                reports.push((link, at, *merchant, report));
                link
            }
            StripeFact::Nothing => None,
        });
    }
    // Sorted by link, so that two groups do not deadlock.
    reports.sort_unstable_by_key(|(link, at, ..)| (*link, *at));
    for (link, _, merchant, report) in reports {
        link::note_fact(tx, merchant, link, report.clone(), now).await?;
    }
    Ok(outcomes)
}

async fn pay(tx: &Transaction, events: &[&ParsedEvent], now: DateTime<Utc>) -> Result<(), DbErr> {
    let payments: Vec<(&link::Model, LinkEvent, StripeFacts)> =
        events.iter().filter_map(|told| told.payment()).collect();
    let transitions: Vec<LinkTransition> =
        payments.iter().map(|(link, event, facts)| LinkTransition { link, event: *event, facts }).collect();
    link::advance_all(tx, &transitions, now).await?;
    for (link, event, facts) in &payments {
        // The caller commits the transaction, so the scheduler notifies Redis.
        let _unnotified = renewal::request(tx, link, *event, facts, now).await?;
    }
    let is_of_other_mode =
        |(_, _, facts): &&(&link::Model, LinkEvent, StripeFacts)| facts.review == Some(Review::LivemodeMismatch);
    // Sorted, so that two groups do not deadlock.
    let merchants: BTreeSet<MerchantId> =
        payments.iter().filter(is_of_other_mode).map(|(link, ..)| link.merchant_id).collect();
    for merchant in merchants {
        stripe_integration::note_other_mode(tx, merchant, now).await?;
    }
    Ok(())
}

async fn named_link(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: Option<&String>,
) -> Result<Option<link::Model>, DbErr> {
    match id.map(|id| id.parse::<LinkId>()) {
        Some(Ok(id)) => link::find(db, merchant, id).await,
        Some(Err(_)) | None => Ok(None),
    }
}

/// The link of a report: from our metadata, or through the payment. `None` if the payment belongs to other software, or
/// if the report has overtaken it; the report is then kept until that is certain.
async fn paid_link(
    tx: &Transaction,
    merchant: MerchantId,
    report: &FactReport,
    named: Option<LinkId>,
) -> Result<Option<LinkId>, DbErr> {
    if let Some(named) = named
        && let Some(link) = link::find(tx, merchant, named).await?
    {
        return Ok(Some(link.id));
    }
    let found = link::find_by_payment_intent(tx, merchant, &report.payment_intent).await?;
    Ok(found.map(|link| link.id))
}

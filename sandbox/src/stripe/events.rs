//! Events, and their delivery to subscribed endpoints.

use serde_json::{Value, json};

use crate::{
    delivery, ids,
    model::{delivery::Content, event::Event, scope::StripeScope, service::Service, state::Txn, tables::RowChange},
    stripe::API_VERSION,
};

/// The types of events that an endpoint can ask for: those of the families that the sandbox has objects of.
pub(crate) const KNOWN: [&str; 29] = [
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.failed",
    "charge.pending",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.partially_funded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_link.created",
    "payment_link.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

/// The events that Paylink acts on or keeps for the record; what an endpoint that is set up by hand hears.
pub(crate) const USUAL: [&str; 13] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_link.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

/// The API request that an event came of; nothing if a buyer or Stripe itself caused it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) request: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// What happened, and to which object.
#[derive(Clone, Debug)]
pub(crate) struct Occurrence {
    pub(crate) kind: &'static str,
    pub(crate) object: Value,
    /// The fields that changed, as they were before.
    pub(crate) previous: Option<Value>,
}

impl Occurrence {
    pub(crate) fn of(kind: &'static str, object: Value) -> Self {
        Self { kind, object, previous: None }
    }
}

/// Records an event and queues it for every endpoint that hears of its type; gives back its id.
pub(crate) fn emit(txn: &mut Txn<'_>, scope: &StripeScope, occurrence: Occurrence, cause: &Cause) -> String {
    let id = ids::stripe("evt_", 24);
    let hearers = hearers(txn, scope, occurrence.kind);
    let mut data = json!({ "object": occurrence.object });
    if let Some(previous) = occurrence.previous {
        data["previous_attributes"] = previous;
    }
    let body = json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": txn.now.timestamp(),
        "data": data,
        "livemode": scope.livemode,
        "pending_webhooks": hearers.len(),
        "request": { "id": cause.request, "idempotency_key": cause.idempotency_key },
        "type": occurrence.kind,
    });
    txn.put(RowChange::Event(Event {
        id: id.clone(),
        scope: scope.clone(),
        kind: occurrence.kind.to_owned(),
        body: body.to_string(),
        created_at: txn.now,
    }));
    queue(txn, &id, hearers);
    id
}

/// Queues a recorded event once more, as Stripe's dashboard can; gives back to how many endpoints.
pub(crate) fn resend(txn: &mut Txn<'_>, id: &str) -> Option<usize> {
    let event = txn.tables.events.get(id)?;
    let hearers = hearers(txn, &event.scope, &event.kind);
    let count = hearers.len();
    queue(txn, id, hearers);
    Some(count)
}

/// Id and address of each endpoint that hears of this.
fn hearers(txn: &Txn<'_>, scope: &StripeScope, kind: &str) -> Vec<(String, String)> {
    let endpoints = txn.tables.endpoints.iter().filter(|endpoint| endpoint.hears(scope, kind));
    endpoints.map(|endpoint| (endpoint.id.clone(), endpoint.url.clone())).collect()
}

fn queue(txn: &mut Txn<'_>, event: &str, hearers: Vec<(String, String)>) {
    for (endpoint, url) in hearers {
        let content = Content::Event { event: event.to_owned(), endpoint };
        delivery::enqueue(txn, Service::Stripe, &url, &content);
    }
}

//! `POST /webhooks/operator/stripe`: events of the operator's own Stripe account about credit purchases.
//!
//! An event only says that something about a purchase has changed; the job asks Stripe for its state. So nothing of the
//! event is stored, and the order of events does not matter.

use std::collections::HashMap;

use domain::{Clock, CreditPurchaseId};
use entity::{credits::purchase, webhook_event::Source};
use poem::{Body, Request, handler, http::StatusCode, web::Data};
use queue::{EnqueueOptions, ReconcileCreditPurchase, enqueue};
use serde::Deserialize;
use serde_json::Value;

use super::{bad_signature, in_time, read, stripe_signature};
use crate::{Api, Problem, metrics};

/// The metadata key for the purchase of a session and its payment.
const METADATA: &str = "paylink_credit_purchase";

#[derive(Deserialize)]
struct OperatorEvent {
    id: String,
    /// Absent in thin events, none of which concern purchases.
    #[serde(default)]
    data: Option<EventData>,
}

#[derive(Deserialize)]
struct EventData {
    object: OperatorObject,
}

/// The relevant fields of a checkout session, a payment, a charge, a refund or a dispute.
#[derive(Deserialize)]
struct OperatorObject {
    #[serde(default)]
    metadata: Option<HashMap<String, String>>,
    #[serde(default)]
    payment_intent: Option<Value>,
}

/// Enqueues a look at the purchase of an event. Other events of the operator's account are ignored.
#[handler]
pub(crate) async fn receive(api: Data<&Api>, request: &Request, body: Body) -> Result<StatusCode, Problem> {
    let keys: Vec<_> =
        api.credit_sales.webhook_secrets.iter().map(|secret| stripe_signature::signing_key(secret.expose())).collect();
    if keys.is_empty() {
        return Err(Problem::not_found());
    }
    let body = read(body).await?;
    let header = request.header("Stripe-Signature").unwrap_or_default();
    let judge = |now| stripe_signature::verify(header, &body, &keys, now);
    // The timestamp is Stripe's, so it is enough if one clock agrees: the database's or this machine's.
    if let Err(error) = judge(api.clock.now()).or_else(|_| judge(Clock::system().now())) {
        metrics::webhook_refused(Source::Stripe);
        api.throttles.signatures.admit(request, &api)?;
        tracing::warn!(why = %error, "a webhook of the operator's Stripe is refused");
        return Err(bad_signature());
    }
    let event: OperatorEvent =
        serde_json::from_slice(&body).map_err(|_| Problem::malformed("The body is not an event."))?;
    in_time(note(&api, &event)).await?;
    Ok(StatusCode::OK)
}

async fn note(api: &Api, event: &OperatorEvent) -> Result<(), Problem> {
    let Some(EventData { object: OperatorObject { metadata, payment_intent } }) = &event.data else { return Ok(()) };
    let payment = payment_intent.as_ref().and_then(Value::as_str);
    let named = metadata.as_ref().and_then(|metadata| metadata.get(METADATA)?.parse::<CreditPurchaseId>().ok());
    let Some(told) = purchase::told_of(api.db.pool(), named, payment).await? else { return Ok(()) };
    let (merchant, now) = (told.merchant_id, api.clock.now());
    let job = ReconcileCreditPurchase { merchant, purchase: told.id };
    let tx = api.db.begin().await?;
    let options = EnqueueOptions::for_merchant(merchant).unique(event.id.clone());
    let enqueued = enqueue(&tx, &job, options, now).await?;
    tx.commit().await?;
    api.queue.notify(enqueued);
    Ok(())
}

//! What buyers, their banks and the merchant do at Stripe.

use std::sync::Arc;

use poem::{
    handler,
    web::{Data, Json},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    model::{
        dispute::DisputeStatus,
        refund::RefundStatus,
        session::Session,
        state::{Shared, Txn},
    },
    stripe::{
        checkout::{self, CheckoutError, Paid, PayMethod},
        disputes_and_refunds::{self, Happened},
    },
};

use super::ControlError;

/// The page of a payment link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    url: String,
}

/// Somebody opens the page and does not pay yet.
#[handler]
pub(crate) fn open(Json(page): Json<Page>, Data(shared): Data<&Arc<Shared>>) -> Result<Json<Value>, ControlError> {
    let session = shared.write(|txn| open_url(txn, &page.url))?;
    Ok(Json(json!({ "session": session.id, "payment_link": session.link })))
}

/// What is paid, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// A link's page, which is opened and paid,
    url: Option<String>,
    /// or a page that is open already.
    session: Option<String>,
    /// Whether the money comes later, if it comes.
    #[serde(default, rename = "async")]
    delayed: bool,
}

/// Somebody pays.
#[handler]
pub(crate) fn pay(Json(payment): Json<Payment>, Data(shared): Data<&Arc<Shared>>) -> Result<Json<Value>, ControlError> {
    let method = if payment.delayed { PayMethod::Delayed } else { PayMethod::Instant };
    let Paid { session, event } = shared.write(|txn| {
        let session = match (&payment.url, payment.session) {
            (Some(url), None) => open_url(txn, url)?.id,
            (None, Some(session)) => session,
            (Some(_), Some(_)) | (None, None) => {
                return Err(ControlError::Invalid("give either url or session"));
            }
        };
        Ok(checkout::pay(txn, &session, method)?)
    })?;
    Ok(Json(json!({
        "session": session.id,
        "event": event,
        "payment_intent": session.payment,
        "payment_link": session.link,
        "payment_status": if session.paid { "paid" } else { "unpaid" },
        "amount": session.amount,
        "currency": session.currency,
    })))
}

/// Opens `…/pay/{slug}`; a query or fragment behind it does not matter.
fn open_url(txn: &mut Txn<'_>, url: &str) -> Result<Session, CheckoutError> {
    let (_, slug) = url.rsplit_once("/pay/").ok_or(CheckoutError::NoSuchLink)?;
    let slug = slug.split(['?', '#']).next().unwrap_or_default();
    checkout::open(txn, slug)
}

/// What a bank says of a delayed payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    session: String,
    succeed: bool,
}

/// A bank says whether the money comes.
#[handler]
pub(crate) fn settle(
    Json(settlement): Json<Settlement>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let event = shared.write(|txn| checkout::settle(txn, &settlement.session, settlement.succeed))?;
    Ok(Json(json!({ "event": event })))
}

/// Money that goes back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refund {
    payment_intent: String,
    /// In the unit that Stripe takes; absent: all that is left.
    amount: Option<i64>,
    /// How it stands at first; `succeeded` if absent.
    #[serde(default)]
    status: RefundStatus,
}

/// The merchant gives money back.
#[handler]
pub(crate) fn refund(
    Json(refund): Json<Refund>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let Happened { id, event } =
        shared.write(|txn| disputes_and_refunds::refund(txn, &refund.payment_intent, refund.amount, refund.status))?;
    Ok(Json(json!({ "refund": id, "event": event })))
}

/// What becomes of a refund.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundEnd {
    refund: String,
    status: RefundStatus,
}

/// A refund gets on, or fails.
#[handler]
pub(crate) fn settle_refund(
    Json(end): Json<RefundEnd>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let Happened { id, event } =
        shared.write(|txn| disputes_and_refunds::settle_refund(txn, &end.refund, end.status))?;
    Ok(Json(json!({ "refund": id, "event": event })))
}

/// Money that a bank wants back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Complaint {
    payment_intent: String,
    amount: Option<i64>,
    /// Stripe's word for why; `fraudulent` if absent.
    reason: Option<String>,
    /// How it stands at first; `needs_response` if absent.
    #[serde(default)]
    status: DisputeStatus,
}

/// A buyer's bank wants money back.
#[handler]
pub(crate) fn dispute(
    Json(complaint): Json<Complaint>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let reason = complaint.reason.as_deref().unwrap_or("fraudulent");
    let Complaint { payment_intent, amount, status, .. } = &complaint;
    let Happened { id, event } =
        shared.write(|txn| disputes_and_refunds::dispute(txn, payment_intent, *amount, reason, *status))?;
    Ok(Json(json!({ "dispute": id, "event": event })))
}

/// How a dispute ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    payment_intent: String,
    /// Whether the merchant keeps the money,
    won: Option<bool>,
    /// or how it stands now.
    status: Option<DisputeStatus>,
}

/// A dispute ends, or gets on.
#[handler]
pub(crate) fn close_dispute(
    Json(decision): Json<Decision>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let status = match (decision.won, decision.status) {
        (Some(true), None) => DisputeStatus::Won,
        (Some(false), None) => DisputeStatus::Lost,
        (None, Some(status)) => status,
        (Some(_), Some(_)) | (None, None) => return Err(ControlError::Invalid("give either won or status")),
    };
    let Happened { id, event } =
        shared.write(|txn| disputes_and_refunds::advance_dispute(txn, &decision.payment_intent, status))?;
    Ok(Json(json!({ "dispute": id, "event": event })))
}

//! Actions of buyers, banks and merchants at Stripe.

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

/// A buyer opens the page without paying.
#[handler]
pub(crate) fn open(Json(page): Json<Page>, Data(shared): Data<&Arc<Shared>>) -> Result<Json<Value>, ControlError> {
    let session = shared.write(|txn| open_url(txn, &page.url))?;
    Ok(Json(json!({ "session": session.id, "payment_link": session.link })))
}

/// What is paid, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentAct {
    /// A link's page to open and pay, or
    url: Option<String>,
    /// an already opened session.
    session: Option<String>,
    /// Whether the payment settles later.
    #[serde(default, rename = "async")]
    delayed: bool,
}

/// A buyer pays.
#[handler]
pub(crate) fn pay(
    Json(payment): Json<PaymentAct>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
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

/// Opens `…/pay/{slug}`, ignoring a query or fragment.
fn open_url(txn: &mut Txn<'_>, url: &str) -> Result<Session, CheckoutError> {
    let (_, slug) = url.rsplit_once("/pay/").ok_or(CheckoutError::NoSuchLink)?;
    let slug = slug.split(['?', '#']).next().unwrap_or_default();
    checkout::open(txn, slug)
}

/// A bank's decision on a delayed payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    session: String,
    succeed: bool,
}

/// A bank accepts or declines a delayed payment.
#[handler]
pub(crate) fn settle(
    Json(settlement): Json<Settlement>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let event = shared.write(|txn| checkout::settle(txn, &settlement.session, settlement.succeed))?;
    Ok(Json(json!({ "event": event })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundAct {
    payment_intent: String,
    /// The amount in Stripe's unit; everything that is left if omitted.
    amount: Option<i64>,
    /// The initial status; `succeeded` if omitted.
    #[serde(default)]
    status: RefundStatus,
}

/// The merchant refunds a payment.
#[handler]
pub(crate) fn refund(
    Json(refund): Json<RefundAct>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let Happened { id, event } =
        shared.write(|txn| disputes_and_refunds::refund(txn, &refund.payment_intent, refund.amount, refund.status))?;
    Ok(Json(json!({ "refund": id, "event": event })))
}

/// The new status of a refund.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundEnd {
    refund: String,
    status: RefundStatus,
}

/// A refund progresses or fails.
#[handler]
pub(crate) fn settle_refund(
    Json(end): Json<RefundEnd>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let Happened { id, event } =
        shared.write(|txn| disputes_and_refunds::settle_refund(txn, &end.refund, end.status))?;
    Ok(Json(json!({ "refund": id, "event": event })))
}

/// A dispute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Complaint {
    payment_intent: String,
    amount: Option<i64>,
    /// Stripe's reason code; `fraudulent` if omitted.
    reason: Option<String>,
    /// The initial status; `needs_response` if omitted.
    #[serde(default)]
    status: DisputeStatus,
}

/// A buyer's bank disputes a payment.
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

/// The outcome of a dispute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    payment_intent: String,
    /// Whether the merchant wins, or
    won: Option<bool>,
    /// the new status.
    status: Option<DisputeStatus>,
}

/// A dispute progresses or ends.
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

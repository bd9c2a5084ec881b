//! Stripe's side of a payment: somebody opens the page, pays, and the money stays or goes back.

use chrono::TimeDelta;
use serde_json::Value;

use crate::{
    ids,
    model::{
        link::PaymentLink,
        payment::{IntentState, Payment},
        session::{Session, SessionStatus},
        state::{Config, Txn},
        tables::{RowChange, Tables},
    },
    stripe::events::{self, Cause, Occurrence},
};

/// How long an opened page can be paid, if nobody expires it.
const SESSION_LIFE: TimeDelta = TimeDelta::hours(24);

/// Why a buyer cannot do what they want to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// No payment link has this address.
    #[error("there is no such payment link")]
    NoSuchLink,
    /// The link was deactivated, or as many payments were made as may be.
    #[error("{0}")]
    LinkClosed(String),
    /// No session has this id.
    #[error("there is no such checkout session")]
    NoSuchSession,
    /// The session was paid or has expired.
    #[error("the checkout session is {0}")]
    SessionClosed(&'static str),
    /// The session is not waiting for a bank.
    #[error("the checkout session does not wait for its payment to settle")]
    NotProcessing,
}

/// How a buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayMethod {
    /// By card: the money is there at once.
    Instant,
    /// By a bank debit: the session completes, the money comes or does not come later.
    Delayed,
}

/// What a payment made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paid {
    pub(crate) session: Session,
    /// The `checkout.session.completed` event.
    pub(crate) event: String,
}

/// Somebody opens the page of a link: a session comes into being, as at Stripe.
pub(crate) fn open(txn: &mut Txn<'_>, slug: &str) -> Result<Session, CheckoutError> {
    let link = txn.tables.links.iter().rev().find(|link| link.slug == slug).ok_or(CheckoutError::NoSuchLink)?;
    check_live(link)?;
    let mode = if link.scope.livemode { "cs_live_" } else { "cs_test_" };
    let session = Session {
        id: ids::stripe(mode, 58),
        scope: link.scope.clone(),
        link: link.id.clone(),
        status: SessionStatus::Open,
        paid: false,
        payment: None,
        amount: link.amount(),
        currency: link.currency.clone(),
        payment_method_types: link.payment_method_types.clone(),
        metadata: link.metadata.clone(),
        success_url: link.redirect_url.clone(),
        created_at: txn.now,
        expires_at: txn.now + SESSION_LIFE,
    };
    txn.put(RowChange::Session(session.clone()));
    Ok(session)
}

/// Whether somebody who opens the link could pay.
fn check_live(link: &PaymentLink) -> Result<(), CheckoutError> {
    if link.is_live() {
        return Ok(());
    }
    let message = "This link is no longer active.";
    Err(CheckoutError::LinkClosed(link.inactive_message.clone().unwrap_or_else(|| message.to_owned())))
}

/// The buyer submits an opened page. A page that is open can be paid although its link was deactivated since, but not
/// beyond the link's limit.
pub(crate) fn pay(txn: &mut Txn<'_>, session: &str, method: PayMethod) -> Result<Paid, CheckoutError> {
    let session = txn.tables.sessions.get(session).cloned().ok_or(CheckoutError::NoSuchSession)?;
    if session.status != SessionStatus::Open {
        return Err(CheckoutError::SessionClosed(session.status.name()));
    }
    let link = txn.tables.links.get(&session.link).cloned().ok_or(CheckoutError::NoSuchLink)?;
    if link.is_used_up() {
        check_live(&link)?;
    }
    let payment = payment(txn, &session, &link, method);
    let session = Session {
        status: SessionStatus::Complete,
        paid: method == PayMethod::Instant,
        payment: Some(payment.id.clone()),
        ..session
    };
    let completed = link.completed + 1;
    txn.put(RowChange::Link(PaymentLink { completed, ..link }));
    txn.put(RowChange::Payment(payment.clone()));
    txn.put(RowChange::Session(session.clone()));
    tell_payment(txn, &payment);
    let event = tell_session(txn, &session, "checkout.session.completed", &Cause::default());
    Ok(Paid { session, event })
}

fn payment(txn: &Txn<'_>, session: &Session, link: &PaymentLink, method: PayMethod) -> Payment {
    Payment {
        id: ids::stripe("pi_", 24),
        charge: ids::stripe("ch_", 24),
        scope: session.scope.clone(),
        state: match method {
            PayMethod::Instant => IntentState::Succeeded,
            PayMethod::Delayed => IntentState::Processing,
        },
        amount: session.amount,
        currency: session.currency.clone(),
        refunded: 0,
        disputed: false,
        metadata: link.intent_metadata.clone(),
        created_at: txn.now,
    }
}

/// The bank of a delayed payment says yes or no; gives back the event's id.
pub(crate) fn settle(txn: &mut Txn<'_>, session: &str, succeed: bool) -> Result<String, CheckoutError> {
    let session = txn.tables.sessions.get(session).cloned().ok_or(CheckoutError::NoSuchSession)?;
    let payment = session.payment.as_deref().and_then(|id| txn.tables.payments.get(id)).cloned();
    let processing = payment.filter(|payment| payment.state == IntentState::Processing);
    let payment = processing.ok_or(CheckoutError::NotProcessing)?;
    let (state, kind) = if succeed {
        (IntentState::Succeeded, "checkout.session.async_payment_succeeded")
    } else {
        (IntentState::Failed, "checkout.session.async_payment_failed")
    };
    let payment = Payment { state, ..payment };
    let session = Session { paid: succeed, ..session };
    txn.put(RowChange::Payment(payment.clone()));
    txn.put(RowChange::Session(session.clone()));
    tell_payment(txn, &payment);
    Ok(tell_session(txn, &session, kind, &Cause::default()))
}

/// Ends an open session; gives back what a client sees of it.
pub(crate) fn expire(txn: &mut Txn<'_>, session: Session, cause: &Cause) -> Value {
    let session = Session { status: SessionStatus::Expired, expires_at: txn.now, ..session };
    txn.put(RowChange::Session(session.clone()));
    tell_session(txn, &session, "checkout.session.expired", cause);
    view(txn.tables, txn.config, &session)
}

/// The session's time is over, unless something happened to it meanwhile.
pub(crate) fn time_out(txn: &mut Txn<'_>, id: &str) {
    let session = txn.tables.sessions.get(id).filter(|session| session.status == SessionStatus::Open);
    if let Some(session) = session.cloned() {
        expire(txn, session, &Cause::default());
    }
}

/// What a client sees of a session.
pub(crate) fn view(tables: &Tables, config: &Config, session: &Session) -> Value {
    let link = tables.links.get(&session.link);
    let page = link.map(|link| format!("{}/{}", link.url(&config.base), session.id));
    let mut view = session.view(page.as_deref().unwrap_or_default());
    if link.is_some_and(|link| link.of_session) {
        view["payment_link"] = Value::Null;
    }
    view
}

fn tell_session(txn: &mut Txn<'_>, session: &Session, kind: &'static str, cause: &Cause) -> String {
    let view = view(txn.tables, txn.config, session);
    events::emit(txn, &session.scope, Occurrence::of(kind, view), cause)
}

fn tell_payment(txn: &mut Txn<'_>, payment: &Payment) {
    let cause = Cause::default();
    let intent = |kind| Occurrence::of(kind, payment.intent());
    match payment.state {
        IntentState::Processing => {
            events::emit(txn, &payment.scope, intent("payment_intent.processing"), &cause);
        }
        IntentState::Failed => {
            events::emit(txn, &payment.scope, intent("payment_intent.payment_failed"), &cause);
        }
        IntentState::Succeeded => {
            events::emit(txn, &payment.scope, Occurrence::of("charge.succeeded", payment.charge()), &cause);
            events::emit(txn, &payment.scope, intent("payment_intent.succeeded"), &cause);
        }
    }
}

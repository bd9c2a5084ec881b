//! Checks a payment reported by Stripe against its link. All reports of payments (webhook, void, expiry,
//! reconciliation) are checked here.

use domain::{
    Currency, Money,
    link::{LinkEvent, PaymentSource, Review, StripeProof},
};
use entity::link::{self, StripeFacts};

use crate::stripe::{PaymentStatus, Session};

/// The text of the timeline's entry: the source, the session, and the request id as evidence.
fn detail(source: PaymentSource, session: &str, request: Option<&str>) -> String {
    let request = request.map(|request| format!(", request {request}")).unwrap_or_default();
    StripeProof::Paid(source, &format!("session {session}{request}")).to_string()
}

/// The event that a completed session means for its link.
pub(crate) fn event_of(session: &Session) -> LinkEvent {
    match session.payment_status {
        Some(PaymentStatus::Paid | PaymentStatus::NoPaymentRequired) => LinkEvent::PaymentSucceeded,
        Some(PaymentStatus::Unpaid | PaymentStatus::Unknown) | None => LinkEvent::PaymentPending,
    }
}

/// The facts to store about a session, with what a person should review.
pub(crate) fn facts_of(
    link: &link::Model,
    session: &Session,
    source: PaymentSource,
    request: Option<&str>,
) -> StripeFacts {
    StripeFacts {
        // Already known, unless the answer to the creation was lost.
        link_id: session.payment_link.clone(),
        livemode: session.livemode,
        session: Some(session.id.clone()),
        payment_intent: session.payment_intent.clone(),
        paid: paid(session),
        review: mismatch(link, session),
        detail: Some(detail(source, &session.id, request)),
        ..StripeFacts::default()
    }
}

/// The amount paid, if its currency is supported.
fn paid(session: &Session) -> Option<Money> {
    let currency = Currency::parse(session.currency.as_deref()?).ok()?;
    Money::from_stripe_amount(session.amount_total?, currency).ok()
}

fn mismatch(link: &link::Model, session: &Session) -> Option<Review> {
    if session.livemode.is_some() && link.livemode.is_some() && session.livemode != link.livemode {
        return Some(Review::LivemodeMismatch);
    }
    let currency = session.currency.as_deref().map(Currency::parse);
    if currency.is_some_and(|currency| currency != Ok(link.currency)) {
        return Some(Review::CurrencyMismatch);
    }
    // After the purge there is no amount to compare with.
    let (Some(asked), Some(paid)) = (link.amount, session.amount_total) else { return None };
    let paid = Money::from_stripe_amount(paid, link.currency).map(Money::minor);
    (paid != Ok(asked)).then_some(Review::AmountMismatch)
}

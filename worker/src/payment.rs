//! A payment that Stripe tells of, held against the link it is for. By whatever way we learn of it (webhook, void, expiry),
//! it is judged here.

use entity::{
    Currency, Money,
    link::{self, LinkEvent, Review, StripeFacts},
};

use crate::stripe::{PaymentStatus, Session};

/// What a completed session means for its link.
pub(crate) fn event_of(session: &Session) -> LinkEvent {
    match session.payment_status {
        Some(PaymentStatus::Paid | PaymentStatus::NoPaymentRequired) => LinkEvent::PaymentSucceeded,
        Some(PaymentStatus::Unpaid | PaymentStatus::Unknown) | None => LinkEvent::PaymentPending,
    }
}

/// What is kept of a session, and what a person should look at.
pub(crate) fn facts_of(link: &link::Model, session: &Session, source: &str) -> StripeFacts {
    StripeFacts {
        // Known already, unless the answer to the creation was lost.
        link_id: session.payment_link.clone().filter(|_| link.stripe_link_id.is_none()),
        payment_intent: session.payment_intent.clone(),
        review: mismatch(link, session),
        detail: Some(format!("{source}: session {}", session.id)),
        ..StripeFacts::default()
    }
}

fn mismatch(link: &link::Model, session: &Session) -> Option<Review> {
    if session.livemode.is_some() && link.livemode.is_some() && session.livemode != link.livemode {
        return Some(Review::LivemodeMismatch);
    }
    let currency = session.currency.as_deref().map(Currency::parse);
    if currency.is_some_and(|currency| currency != Ok(link.currency)) {
        return Some(Review::CurrencyMismatch);
    }
    // After the purge the amount is gone, and there is nothing to compare with.
    let (Some(asked), Some(paid)) = (link.amount, session.amount_total) else { return None };
    let paid = Money::from_stripe_amount(paid, link.currency).map(Money::minor);
    (paid != Ok(asked)).then_some(Review::AmountMismatch)
}

//! Checks a payment reported by Stripe against its link. However we learn of a payment (webhook, void, expiry, reconciliation), it is
//! judged here.

use domain::{
    Currency, Money,
    link::{LinkEvent, Review},
};
use entity::link::{self, StripeFacts};

use crate::stripe::{PaymentStatus, Session};

/// How we learned of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Stripe told us.
    Webhook,
    /// We looked while we closed the link.
    Closing,
    /// We asked because nobody had told us.
    Reconciler,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Closing => "closing",
            Self::Reconciler => "reconciler",
        }
    }

    /// The entry of the timeline: how we know, what of, and by which request it can be proved.
    pub(crate) fn detail(self, session: &str, request: Option<&str>) -> String {
        let proof = request.map(|request| format!(", request {request}")).unwrap_or_default();
        format!("source = {}, session {session}{proof}", self.as_str())
    }
}

/// What a completed session means for its link.
pub(crate) fn event_of(session: &Session) -> LinkEvent {
    match session.payment_status {
        Some(PaymentStatus::Paid | PaymentStatus::NoPaymentRequired) => LinkEvent::PaymentSucceeded,
        Some(PaymentStatus::Unpaid | PaymentStatus::Unknown) | None => LinkEvent::PaymentPending,
    }
}

/// What is kept of a session, and what a person should look at.
pub(crate) fn facts_of(link: &link::Model, session: &Session, source: Source, request: Option<&str>) -> StripeFacts {
    StripeFacts {
        // Known already, unless the answer to the creation was lost.
        link_id: session.payment_link.clone(),
        livemode: session.livemode,
        session: Some(session.id.clone()),
        payment_intent: session.payment_intent.clone(),
        paid: paid(session),
        review: mismatch(link, session),
        detail: Some(source.detail(&session.id, request)),
        ..StripeFacts::default()
    }
}

/// What was paid, if it is in a currency of ours.
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
    // After the purge the amount is gone, and there is nothing to compare with.
    let (Some(asked), Some(paid)) = (link.amount, session.amount_total) else { return None };
    let paid = Money::from_stripe_amount(paid, link.currency).map(Money::minor);
    (paid != Ok(asked)).then_some(Review::AmountMismatch)
}

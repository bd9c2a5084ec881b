//! Whether the money of a completed session has arrived. A delayed payment that failed leaves its session complete and
//! unpaid forever; only the events we received, or the payment intent, distinguish it from one that is still pending.

use entity::link;
use reqwest::StatusCode;

use crate::{
    payments::payment,
    stripe::{IntentStatus, Session, Stripe, StripeError},
};

/// The result of a completed session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The money has arrived.
    Paid,
    /// Still pending.
    UnderWay,
    Failed,
}

/// Asks Stripe for the result of a completed session, unless the session itself tells.
///
/// # Errors
/// Returns an error if Stripe does not answer. With a key that may not read payments, the session counts as pending.
pub(crate) async fn ask(stripe: &Stripe, link: &link::Model, session: &Session) -> Result<Settled, StripeError> {
    if payment::event_of(session) == domain::link::LinkEvent::PaymentSucceeded {
        return Ok(Settled::Paid);
    }
    if link.has_failed(&session.id) {
        return Ok(Settled::Failed);
    }
    let Some(intent) = &session.payment_intent else { return Ok(Settled::UnderWay) };
    Ok(match stripe.intent_status(intent).await {
        Ok(answer) => match answer.body {
            IntentStatus::Succeeded => Settled::Paid,
            IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled => Settled::Failed,
            IntentStatus::UnderWay => Settled::UnderWay,
        },
        Err(StripeError::Refused { status: StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, .. }) => Settled::UnderWay,
        Err(error) => return Err(error),
    })
}

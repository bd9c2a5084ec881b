//! The state of a link by the checkout sessions of its payments: which of them paid it, and which failed. What an event
//! changes is told by the table in `state`; here it is decided whether the event is about the session that counts.
//!
//! Stripe's events may be duplicated and out of order. What an event means depends on its session: the end of a delayed
//! payment may arrive before its beginning, and a second payment is not a duplicate of the first. Every order of events
//! leads to the same result.

use super::{LinkEvent, LinkState, Refusal, Review, Transition};

/// The most failed sessions that are kept. An ordinary link has a few, but a holder of the webhook secret can tell of as
/// many as they like.
const MOST_FAILED: usize = 100;

/// The state of a link, with the sessions that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentState {
    /// The link's state.
    pub state: LinkState,
    /// The session that paid the link, or that has a payment in progress.
    pub session: Option<String>,
    /// Sessions whose delayed payment failed.
    pub failed: Vec<String>,
    /// Whether the merchant has marked the link as paid elsewhere.
    pub elsewhere: bool,
}

/// The result of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The payment state after the event.
    pub after: PaymentState,
    /// The reason for a person to review the link, if any.
    pub review: Option<Review>,
}

impl PaymentState {
    /// Reads the stored columns. The failed sessions are one per line.
    #[must_use]
    pub fn from_columns(
        state: LinkState,
        session: Option<&str>,
        failed_sessions: Option<&str>,
        elsewhere: bool,
    ) -> Self {
        Self {
            state,
            elsewhere,
            session: session.map(ToOwned::to_owned),
            failed: failed_sessions.iter().flat_map(|ids| ids.lines()).map(ToOwned::to_owned).collect(),
        }
    }

    /// The failed sessions as they are stored, one per line.
    #[must_use]
    pub fn failed_lines(&self) -> Option<String> {
        (!self.failed.is_empty()).then(|| self.failed.join("\n"))
    }

    /// Applies an event. `session` is the checkout session, for events about a payment.
    ///
    /// # Errors
    /// Returns a [`Refusal`]; then nothing changes.
    pub fn on(&self, event: LinkEvent, session: Option<&str>) -> Result<Judged, Refusal> {
        match event {
            LinkEvent::PaymentSucceeded => self.on_success(session),
            LinkEvent::PaymentPending => self.on_pending(session),
            LinkEvent::PaymentFailed => self.on_failure(session),
            // A payment that Stripe reported is never undone.
            LinkEvent::PaidElsewhereTakenBack if !self.elsewhere || self.session.is_some() => {
                Err(Refusal::NotPaidElsewhere)
            }
            LinkEvent::Created
            | LinkEvent::CreationFailed
            | LinkEvent::VoidRequested
            | LinkEvent::ExpiryReached
            | LinkEvent::PaidElsewhere
            | LinkEvent::PaidElsewhereTakenBack
            | LinkEvent::CloseConfirmed => self.step(event),
        }
    }

    /// The session of a second payment of a link that another session has already paid, if the event reports one.
    #[must_use]
    pub fn is_paid_again_by<'a>(&self, event: LinkEvent, session: Option<&'a str>) -> Option<&'a str> {
        let told = session.filter(|_| event == LinkEvent::PaymentSucceeded && self.state == LinkState::Paid)?;
        self.session.as_deref().is_some_and(|first| first != told).then_some(told)
    }

    fn on_success(&self, session: Option<&str>) -> Result<Judged, Refusal> {
        let mut judged = self.step(LinkEvent::PaymentSucceeded)?;
        if self.state != LinkState::Paid || self.session.is_none() {
            judged.after.session = session.map(ToOwned::to_owned);
            if self.state == LinkState::Paid && self.elsewhere && session.is_some() {
                judged.review = Some(Review::PaidTwice);
            }
        } else if self.is_paid_again_by(LinkEvent::PaymentSucceeded, session).is_some() {
            // The buyer has paid twice, which is more than was asked.
            judged.review = Some(Review::AmountMismatch);
        }
        Ok(judged)
    }

    fn on_pending(&self, session: Option<&str>) -> Result<Judged, Refusal> {
        if session.is_some_and(|session| self.has_failed(session)) {
            return Ok(self.unchanged());
        }
        let mut judged = self.step(LinkEvent::PaymentPending)?;
        if judged.after.state != self.state {
            judged.after.session = session.map(ToOwned::to_owned);
        }
        Ok(judged)
    }

    fn on_failure(&self, session: Option<&str>) -> Result<Judged, Refusal> {
        let of_another =
            matches!((self.session.as_deref(), session), (Some(under_way), Some(told)) if under_way != told);
        let mut judged = if of_another { self.unchanged() } else { self.step(LinkEvent::PaymentFailed)? };
        if judged.after.state != self.state {
            judged.after.session = None;
        }
        if let Some(session) = session
            && !self.has_failed(session)
            && self.failed.len() < MOST_FAILED
        {
            judged.after.failed.push(session.to_owned());
            judged.after.failed.sort_unstable();
        }
        Ok(judged)
    }

    fn has_failed(&self, session: &str) -> bool {
        self.failed.iter().any(|failed| failed == session)
    }

    fn unchanged(&self) -> Judged {
        Judged { after: self.clone(), review: None }
    }

    fn step(&self, event: LinkEvent) -> Result<Judged, Refusal> {
        Ok(match self.state.on(event)? {
            Transition::To(state, review) => Judged { after: Self { state, ..self.clone() }, review },
            Transition::Unchanged => self.unchanged(),
        })
    }
}

#[cfg(test)]
mod tests;

//! The states of a payment link as one total function: state × event → transition or a typed refusal.
//!
//! `paid` is absorbing: no payment event leads out of it, and a payment is never dropped, whatever came before.

use super::Review;

words! {
    /// The state of a link.
    pub enum LinkState {
        /// The command was accepted; the invoice is being stored and the link made at Stripe.
        Creating = "creating",
        /// Stripe refused, or the invoice is invalid; `failure` says why.
        Failed = "failed",
        /// It can be paid.
        Unpaid = "unpaid",
        /// The buyer has completed the checkout, but the money has not arrived.
        Processing = "processing",
        /// It is paid, for good.
        Paid = "paid",
        /// The merchant voided it; it is being closed at Stripe.
        Voiding = "voiding",
        /// Stripe has confirmed that it can no longer be paid.
        Voided = "voided",
        /// It expired; it is being closed at Stripe.
        Expiring = "expiring",
        /// It expired, and Stripe has confirmed that it can no longer be paid.
        Expired = "expired",
        /// The merchant was paid in another way; it is being closed at Stripe.
        Settling = "settling",
    }
}

impl LinkState {
    /// Whether the link prevents its order from having another one. The primary key of `open_link` enforces the same.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Creating | Self::Unpaid | Self::Processing | Self::Voiding | Self::Expiring | Self::Settling => true,
            Self::Failed | Self::Paid | Self::Voided | Self::Expired => false,
        }
    }
}

/// An event in the life of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEvent {
    /// Stripe made the link.
    Created,
    /// The link could not be made.
    CreationFailed,
    /// Stripe reports that the money has arrived.
    PaymentSucceeded,
    /// Stripe reports a payment that settles later.
    PaymentPending,
    /// A delayed payment failed.
    PaymentFailed,
    /// The merchant voids the link.
    VoidRequested,
    /// The link's time is over.
    ExpiryReached,
    /// Stripe confirmed that the link is inactive and that no session can still be paid.
    CloseConfirmed,
    /// The merchant was paid in another way.
    PaidElsewhere,
    /// The merchant takes back that they were paid in another way. Not for links that Stripe reports as paid: see
    /// [`PaymentState::on`](super::PaymentState::on).
    PaidElsewhereTakenBack,
}

/// The effect of an event on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The link moves to this state, possibly with a review by a person.
    To(LinkState, Option<Review>),
    /// The event changes nothing or was already known.
    Unchanged,
}

/// Why an event is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The link is paid.
    #[error("the link is paid")]
    Paid,
    /// A payment is in progress, and its outcome decides.
    #[error("a payment for the link is under way")]
    PaymentUnderWay,
    /// The link is still being made.
    #[error("the link is still being made")]
    StillCreating,
    /// The link is closed or being closed.
    #[error("the link is not open")]
    NotOpen,
    /// The link was not paid elsewhere.
    #[error("the link was not marked as paid elsewhere")]
    NotPaidElsewhere,
}

impl LinkState {
    /// Applies `event` to a link in this state.
    ///
    /// # Errors
    /// Returns a [`Refusal`]; then nothing changes.
    #[expect(clippy::match_same_arms, reason = "a table is read row by row: events are kept together, not outcomes")]
    pub const fn on(self, event: LinkEvent) -> Result<Transition, Refusal> {
        use LinkState::{Creating, Expired, Expiring, Failed, Paid, Processing, Settling, Unpaid, Voided, Voiding};
        use Transition::{To, Unchanged};

        Ok(match (event, self) {
            (LinkEvent::PaymentSucceeded, Paid) => Unchanged,
            // The merchant withdrew the link or was told that it failed, so they do not expect the money.
            (LinkEvent::PaymentSucceeded, Voiding | Voided | Failed) => To(Paid, Some(Review::PaidAfterVoid)),
            (LinkEvent::PaymentSucceeded, Expired) => To(Paid, Some(Review::PaidAfterExpiry)),
            (LinkEvent::PaymentSucceeded, Settling) => To(Paid, Some(Review::PaidTwice)),
            (LinkEvent::PaymentSucceeded, Creating | Unpaid | Processing | Expiring) => To(Paid, None),

            (LinkEvent::PaymentPending, Creating | Unpaid) => To(Processing, None),
            (
                LinkEvent::PaymentPending,
                Failed | Processing | Paid | Voiding | Voided | Expiring | Expired | Settling,
            ) => Unchanged,

            (LinkEvent::PaymentFailed, Processing) => To(Unpaid, None),
            (
                LinkEvent::PaymentFailed,
                Creating | Failed | Unpaid | Paid | Voiding | Voided | Expiring | Expired | Settling,
            ) => Unchanged,

            (LinkEvent::Created, Creating) => To(Unpaid, None),
            (LinkEvent::Created, Unpaid | Processing | Paid | Voiding | Voided | Expiring | Expired | Settling) => {
                Unchanged
            }
            (LinkEvent::Created, Failed) => return Err(Refusal::NotOpen),

            (LinkEvent::CreationFailed, Creating) => To(Failed, None),
            (
                LinkEvent::CreationFailed,
                Failed | Unpaid | Processing | Paid | Voiding | Voided | Expiring | Expired | Settling,
            ) => Unchanged,

            (LinkEvent::VoidRequested, Unpaid) => To(Voiding, None),
            (LinkEvent::VoidRequested, Voiding | Voided) | (LinkEvent::ExpiryReached, Expiring | Expired) => Unchanged,
            (LinkEvent::ExpiryReached, Unpaid) => To(Expiring, None),
            (LinkEvent::PaidElsewhere, Unpaid) => To(Settling, None),
            (LinkEvent::PaidElsewhere, Settling) => Unchanged,
            (LinkEvent::VoidRequested | LinkEvent::ExpiryReached | LinkEvent::PaidElsewhere, Paid) => {
                return Err(Refusal::Paid);
            }
            (LinkEvent::VoidRequested | LinkEvent::ExpiryReached | LinkEvent::PaidElsewhere, Processing) => {
                return Err(Refusal::PaymentUnderWay);
            }
            (LinkEvent::VoidRequested | LinkEvent::ExpiryReached | LinkEvent::PaidElsewhere, Creating) => {
                return Err(Refusal::StillCreating);
            }
            (LinkEvent::VoidRequested, Failed | Expiring | Expired | Settling)
            | (LinkEvent::ExpiryReached, Failed | Voiding | Voided | Settling)
            | (LinkEvent::PaidElsewhere, Failed | Voiding | Voided | Expiring | Expired) => {
                return Err(Refusal::NotOpen);
            }

            // Only if Stripe has reported no payment, which the state alone does not tell.
            (LinkEvent::PaidElsewhereTakenBack, Paid) => To(Voided, None),
            // Closing is already in progress and continues.
            (LinkEvent::PaidElsewhereTakenBack, Settling) => To(Voiding, None),
            (
                LinkEvent::PaidElsewhereTakenBack,
                Creating | Failed | Unpaid | Processing | Voiding | Voided | Expiring | Expired,
            ) => return Err(Refusal::NotPaidElsewhere),

            (LinkEvent::CloseConfirmed, Voiding) => To(Voided, None),
            (LinkEvent::CloseConfirmed, Expiring) => To(Expired, None),
            (LinkEvent::CloseConfirmed, Settling) => To(Paid, None),
            (LinkEvent::CloseConfirmed, Voided | Expired | Paid) => Unchanged,
            (LinkEvent::CloseConfirmed, Creating | Failed | Unpaid | Processing) => return Err(Refusal::NotOpen),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVENTS: [LinkEvent; 10] = [
        LinkEvent::Created,
        LinkEvent::CreationFailed,
        LinkEvent::PaymentSucceeded,
        LinkEvent::PaymentPending,
        LinkEvent::PaymentFailed,
        LinkEvent::VoidRequested,
        LinkEvent::ExpiryReached,
        LinkEvent::CloseConfirmed,
        LinkEvent::PaidElsewhere,
        LinkEvent::PaidElsewhereTakenBack,
    ];

    /// The events possible for a link that Stripe reports as paid, which cannot be taken back.
    const EVENTS_OF_PAID: &[LinkEvent] = EVENTS.split_at(9).0;

    fn after(state: LinkState, events: &[LinkEvent]) -> LinkState {
        events.iter().fold(state, |state, event| match state.on(*event) {
            Ok(Transition::To(next, _)) => next,
            Ok(Transition::Unchanged) | Err(_) => state,
        })
    }

    #[test]
    fn nothing_leads_out_of_paid_but_to_take_back_what_the_merchant_said() {
        for event in EVENTS {
            let leads_out = matches!(LinkState::Paid.on(event), Ok(Transition::To(..)));
            assert_eq!(leads_out, event == LinkEvent::PaidElsewhereTakenBack, "{event:?}");
        }
    }

    #[test]
    fn a_payment_makes_any_link_paid() {
        for state in LinkState::ALL {
            assert_eq!(after(*state, &[LinkEvent::PaymentSucceeded]), LinkState::Paid);
        }
    }

    #[test]
    fn a_payment_after_the_close_asks_for_a_review() {
        let reviews = [
            (LinkState::Voided, Some(Review::PaidAfterVoid)),
            (LinkState::Expired, Some(Review::PaidAfterExpiry)),
            (LinkState::Voiding, Some(Review::PaidAfterVoid)),
            (LinkState::Failed, Some(Review::PaidAfterVoid)),
            (LinkState::Settling, Some(Review::PaidTwice)),
            (LinkState::Expiring, None),
        ];
        for (state, review) in reviews {
            assert_eq!(state.on(LinkEvent::PaymentSucceeded), Ok(Transition::To(LinkState::Paid, review)));
        }
    }

    #[test]
    fn a_link_that_may_still_be_paid_keeps_its_order_from_another_one() {
        use LinkState::{Expired, Failed, Paid, Voided};
        for state in LinkState::ALL {
            assert_eq!(state.is_open(), !matches!(state, Failed | Paid | Voided | Expired), "{state}");
        }
    }

    #[test]
    fn only_an_unpaid_link_can_be_voided() {
        for state in LinkState::ALL {
            let voided = matches!(state.on(LinkEvent::VoidRequested), Ok(Transition::To(LinkState::Voiding, None)));
            assert_eq!(voided, *state == LinkState::Unpaid, "{state}");
        }
    }

    #[test]
    fn voided_is_said_only_after_stripe_confirmed() {
        for state in LinkState::ALL {
            for event in EVENTS {
                // A link paid elsewhere was closed at Stripe before it became paid.
                let was_closed = (*state, event) == (LinkState::Paid, LinkEvent::PaidElsewhereTakenBack);
                if let Ok(Transition::To(LinkState::Voided | LinkState::Expired, _)) = state.on(event) {
                    assert!(event == LinkEvent::CloseConfirmed || was_closed, "{state} {event:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_order_of_events_with_a_payment_ends_paid(
            events in proptest::collection::vec(proptest::sample::select(EVENTS_OF_PAID), 0..12),
            position in 0_usize..12,
        ) {
            let mut events = events;
            events.insert(position.min(events.len()), LinkEvent::PaymentSucceeded);
            prop_assert_eq!(after(LinkState::Creating, &events), LinkState::Paid);
        }

        #[test]
        fn an_event_told_twice_is_an_event_told_once(
            state in proptest::sample::select(LinkState::ALL),
            event in proptest::sample::select(&EVENTS[..]),
        ) {
            prop_assert_eq!(after(state, &[event, event]), after(state, &[event]));
        }
    }
}

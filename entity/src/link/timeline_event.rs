//! What a timeline tells, and whose doing each of it is.

use domain::{LinkState, words};

words! {
    /// What happened to a link.
    pub enum TimelineEvent {
        /// It was asked for.
        Creating = "creating",
        /// It could not be made.
        Failed = "failed",
        /// It can be paid, or again.
        Unpaid = "unpaid",
        /// A payment is under way.
        Processing = "processing",
        /// It is paid.
        Paid = "paid",
        /// It was marked as paid elsewhere.
        Settling = "settling",
        /// Its void was asked for.
        Voiding = "voiding",
        /// It is voided.
        Voided = "voided",
        /// Its time is over.
        Expiring = "expiring",
        /// It has expired.
        Expired = "expired",
        /// Its invoice is in the store.
        InvoiceStored = "invoice_stored",
        /// A text that carries it has left.
        Sent = "sent",
        /// Its buyer was reminded.
        Reminded = "reminded",
        /// How its buyer is reminded was changed.
        RemindersChanged = "reminders_changed",
        /// Its buyer has seen it.
        Viewed = "viewed",
        /// Its buyer does not know what it is for.
        Unrecognised = "unrecognised",
        /// Its buyer knows it after all.
        Recognised = "recognised",
        /// Its buyer has said when they will pay.
        PaymentExpected = "payment_expected",
        /// Its buyer asks for a new one.
        NewLinkWanted = "new_link_wanted",
        /// A payment failed.
        PaymentFailed = "payment_failed",
        /// It was paid a second time.
        PaidAgain = "paid_again",
        /// It was paid before it could be voided.
        VoidRefused = "void_refused",
        /// A person has to look at its payment.
        Review = "review",
        /// Money went back.
        Refunded = "refunded",
        /// Money is going back.
        RefundPending = "refund_pending",
        /// Money that was going back came back.
        RefundFailed = "refund_failed",
        /// The buyer's bank disputes it.
        Disputed = "disputed",
        /// The dispute is over.
        DisputeClosed = "dispute_closed",
        /// It can be paid anew after a payment failed.
        Renewed = "renewed",
        /// It cannot be paid anew.
        RenewalFailed = "renewal_failed",
        /// Stripe did not close it.
        CloseFailed = "close_failed",
        /// It was closed at Stripe.
        ClosedAtStripe = "closed_at_stripe",
        /// What was kept of it was erased after 90 days.
        Purged = "purged",
    }
}

words! {
    /// Whose doing something is that nobody with a key did.
    pub enum Source {
        /// The buyer's.
        Buyer = "buyer",
        /// The carrier's.
        Carrier = "carrier",
        /// Stripe's, or what a buyer did there.
        Stripe = "stripe",
        /// Our own.
        System = "system",
    }
}

impl TimelineEvent {
    /// That a link has come into this state.
    #[must_use]
    pub const fn of_state(state: LinkState) -> Self {
        match state {
            LinkState::Creating => Self::Creating,
            LinkState::Failed => Self::Failed,
            LinkState::Unpaid => Self::Unpaid,
            LinkState::Processing => Self::Processing,
            LinkState::Paid => Self::Paid,
            LinkState::Voiding => Self::Voiding,
            LinkState::Voided => Self::Voided,
            LinkState::Expiring => Self::Expiring,
            LinkState::Expired => Self::Expired,
            LinkState::Settling => Self::Settling,
        }
    }

    /// Whose doing it is, unless somebody with a key did it.
    #[must_use]
    pub const fn source(self) -> Source {
        match self {
            Self::Viewed | Self::Unrecognised | Self::Recognised | Self::PaymentExpected | Self::NewLinkWanted => {
                Source::Buyer
            }
            Self::Sent => Source::Carrier,
            Self::Unpaid
            | Self::Processing
            | Self::Paid
            | Self::Voided
            | Self::Expired
            | Self::PaymentFailed
            | Self::PaidAgain
            | Self::VoidRefused
            | Self::Refunded
            | Self::RefundPending
            | Self::RefundFailed
            | Self::Disputed
            | Self::DisputeClosed
            | Self::Renewed
            | Self::RenewalFailed
            | Self::CloseFailed
            | Self::ClosedAtStripe => Source::Stripe,
            Self::Creating
            | Self::RemindersChanged
            | Self::Failed
            | Self::Settling
            | Self::Voiding
            | Self::Expiring
            | Self::InvoiceStored
            | Self::Reminded
            | Self::Review
            | Self::Purged => Source::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_told_by_its_own_word() {
        for state in LinkState::ALL {
            assert_eq!(TimelineEvent::of_state(*state).as_str(), state.as_str());
        }
    }
}

//! The events of a timeline, and who causes each.

use domain::{LinkState, words};

words! {
    /// What happened to a link.
    pub enum TimelineEvent {
        /// It was requested.
        Creating = "creating",
        /// It could not be made.
        Failed = "failed",
        /// It can be paid, for the first time or again.
        Unpaid = "unpaid",
        /// A payment is in progress.
        Processing = "processing",
        /// It was paid.
        Paid = "paid",
        /// It was marked as paid elsewhere.
        Settling = "settling",
        /// Its void was requested.
        Voiding = "voiding",
        /// It was voided.
        Voided = "voided",
        /// Its time is over.
        Expiring = "expiring",
        /// It has expired.
        Expired = "expired",
        /// Its invoice was stored.
        InvoiceStored = "invoice_stored",
        /// A text with it was sent.
        Sent = "sent",
        /// Its buyer was reminded.
        Reminded = "reminded",
        /// Its reminder settings were changed.
        RemindersChanged = "reminders_changed",
        /// Its buyer saw it.
        Viewed = "viewed",
        /// Its buyer does not recognise it.
        Unrecognised = "unrecognised",
        /// Its buyer recognises it after all.
        Recognised = "recognised",
        /// Its buyer said when they will pay.
        PaymentExpected = "payment_expected",
        /// Its buyer asked for a new one.
        NewLinkWanted = "new_link_wanted",
        /// A payment failed.
        PaymentFailed = "payment_failed",
        /// It was paid a second time.
        PaidAgain = "paid_again",
        /// It was paid before it could be voided.
        VoidRefused = "void_refused",
        /// A person should look at its payment.
        Review = "review",
        /// A refund succeeded.
        Refunded = "refunded",
        /// A refund was started.
        RefundPending = "refund_pending",
        /// A refund failed.
        RefundFailed = "refund_failed",
        /// The buyer's bank disputes the payment.
        Disputed = "disputed",
        /// The dispute ended.
        DisputeClosed = "dispute_closed",
        /// It can be paid again after a failed payment.
        Renewed = "renewed",
        /// It could not be renewed after a failed payment.
        RenewalFailed = "renewal_failed",
        /// Stripe did not close it.
        CloseFailed = "close_failed",
        /// It was closed at Stripe.
        ClosedAtStripe = "closed_at_stripe",
        /// Its contents were erased after 90 days.
        Purged = "purged",
    }
}

words! {
    /// Who causes an event that is not caused by the holder of a key.
    pub enum EntrySource {
        /// The buyer.
        Buyer = "buyer",
        /// The SMS carrier.
        Carrier = "carrier",
        /// Stripe, or the buyer there.
        Stripe = "stripe",
        /// Paylink.
        System = "system",
    }
}

impl TimelineEvent {
    /// The event of reaching this state.
    #[must_use]
    pub(crate) const fn of_state(state: LinkState) -> Self {
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

    /// Who causes it, unless the holder of a key does.
    #[must_use]
    pub const fn source(self) -> EntrySource {
        match self {
            Self::Viewed | Self::Unrecognised | Self::Recognised | Self::PaymentExpected | Self::NewLinkWanted => {
                EntrySource::Buyer
            }
            Self::Sent => EntrySource::Carrier,
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
            | Self::ClosedAtStripe => EntrySource::Stripe,
            Self::Creating
            | Self::RemindersChanged
            | Self::Failed
            | Self::Settling
            | Self::Voiding
            | Self::Expiring
            | Self::InvoiceStored
            | Self::Reminded
            | Self::Review
            | Self::Purged => EntrySource::System,
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

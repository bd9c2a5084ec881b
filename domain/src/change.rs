//! What a merchant's feed of changes and their webhooks tell of.

use crate::{LinkState, message::MessageStatus};

words! {
    /// What happened, as the feed names it.
    pub enum ChangeKind {
        /// An order was created.
        OrderCreated = "order.created",
        /// An order changed, for example its tag.
        OrderUpdated = "order.updated",
        /// A link was created.
        LinkCreated = "link.created",
        /// A link can be paid, or can be paid again.
        LinkUnpaid = "link.unpaid",
        /// A link could not be created at Stripe.
        LinkFailed = "link.failed",
        /// The buyer viewed the link's page.
        LinkViewed = "link.viewed",
        /// The buyer paid in a way that takes days to settle.
        LinkProcessing = "link.processing",
        /// A link was paid.
        LinkPaid = "link.paid",
        /// Money was refunded.
        LinkRefunded = "link.refunded",
        /// A dispute was opened or decided.
        LinkDisputed = "link.disputed",
        /// A link was voided and can no longer be paid.
        LinkVoided = "link.voided",
        /// A link expired and can no longer be paid.
        LinkExpired = "link.expired",
        /// A link needs a review by a person.
        LinkReview = "link.review",
        /// Anything else about a link changed.
        LinkUpdated = "link.updated",
        /// A text was scheduled.
        MessageScheduled = "message.scheduled",
        /// The carrier accepted a text.
        MessageSent = "message.sent",
        /// A text reached the phone.
        MessageDelivered = "message.delivered",
        /// A text was not sent, or did not reach the phone.
        MessageFailed = "message.failed",
        /// The buyer sent a message.
        MessageReceived = "message.received",
        /// Anything else about a message changed.
        MessageUpdated = "message.updated",
        /// Fewer credits are left than the merchant's warning threshold.
        CreditsLow = "credits.low",
        /// The balance changed.
        CreditsUpdated = "credits.updated",
        /// A matter that needs a person was opened.
        AttentionOpened = "attention.opened",
        /// A matter was resolved.
        AttentionResolved = "attention.resolved",
    }
}

impl ChangeKind {
    /// The kind of resource that changed.
    #[must_use]
    pub const fn about(self) -> ChangeSubject {
        match self {
            Self::OrderCreated | Self::OrderUpdated => ChangeSubject::Order,
            Self::LinkCreated
            | Self::LinkUnpaid
            | Self::LinkFailed
            | Self::LinkViewed
            | Self::LinkProcessing
            | Self::LinkPaid
            | Self::LinkRefunded
            | Self::LinkDisputed
            | Self::LinkVoided
            | Self::LinkExpired
            | Self::LinkReview
            | Self::LinkUpdated => ChangeSubject::Link,
            Self::MessageScheduled
            | Self::MessageSent
            | Self::MessageDelivered
            | Self::MessageFailed
            | Self::MessageReceived
            | Self::MessageUpdated => ChangeSubject::Message,
            Self::CreditsLow | Self::CreditsUpdated => ChangeSubject::Credits,
            Self::AttentionOpened | Self::AttentionResolved => ChangeSubject::Attention,
        }
    }

    /// Whether it is a general update, which any other change of the same resource implies.
    #[must_use]
    pub const fn says_little(self) -> bool {
        matches!(self, Self::OrderUpdated | Self::LinkUpdated | Self::MessageUpdated | Self::CreditsUpdated)
    }

    /// That a link reached this state.
    #[must_use]
    pub const fn of_link_in(state: LinkState) -> Self {
        match state {
            LinkState::Unpaid => Self::LinkUnpaid,
            LinkState::Failed => Self::LinkFailed,
            LinkState::Processing => Self::LinkProcessing,
            LinkState::Paid => Self::LinkPaid,
            LinkState::Voided => Self::LinkVoided,
            LinkState::Expired => Self::LinkExpired,
            LinkState::Creating | LinkState::Voiding | LinkState::Expiring | LinkState::Settling => Self::LinkUpdated,
        }
    }

    /// That a message reached this status.
    #[must_use]
    pub const fn of_message_in(status: MessageStatus) -> Self {
        match status {
            MessageStatus::Received => Self::MessageReceived,
            MessageStatus::Sent => Self::MessageSent,
            MessageStatus::Delivered => Self::MessageDelivered,
            MessageStatus::Undelivered | MessageStatus::Failed => Self::MessageFailed,
            MessageStatus::Scheduled => Self::MessageScheduled,
            MessageStatus::Queued | MessageStatus::Sending | MessageStatus::Unknown | MessageStatus::Cancelled => {
                Self::MessageUpdated
            }
        }
    }
}

words! {
    /// The kinds of resources that change.
    pub enum ChangeSubject {
        /// An order.
        Order = "order",
        /// A payment link, with its timeline.
        Link = "link",
        /// A message.
        Message = "message",
        /// A merchant's credits.
        Credits = "credits",
        /// A matter that needs a person.
        Attention = "attention",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_what_it_is_about() {
        for kind in ChangeKind::ALL {
            assert!(kind.as_str().starts_with(&format!("{}.", kind.about())), "{kind}");
        }
    }

    #[test]
    fn each_state_that_others_wait_for_has_a_word_of_its_own() {
        for state in LinkState::ALL {
            let kind = ChangeKind::of_link_in(*state);
            let is_passing = matches!(kind, ChangeKind::LinkUpdated);
            assert!(is_passing || kind.as_str() == format!("link.{state}"), "{state}: {kind}");
        }
        let passing = LinkState::ALL.iter().filter(|state| ChangeKind::of_link_in(**state).says_little());
        assert_eq!(
            passing.copied().collect::<Vec<_>>(),
            [LinkState::Creating, LinkState::Voiding, LinkState::Expiring, LinkState::Settling]
        );
        for (status, kind) in [
            (MessageStatus::Received, ChangeKind::MessageReceived),
            (MessageStatus::Sent, ChangeKind::MessageSent),
            (MessageStatus::Delivered, ChangeKind::MessageDelivered),
            (MessageStatus::Undelivered, ChangeKind::MessageFailed),
            (MessageStatus::Failed, ChangeKind::MessageFailed),
            (MessageStatus::Scheduled, ChangeKind::MessageScheduled),
            (MessageStatus::Queued, ChangeKind::MessageUpdated),
            (MessageStatus::Sending, ChangeKind::MessageUpdated),
            (MessageStatus::Unknown, ChangeKind::MessageUpdated),
            (MessageStatus::Cancelled, ChangeKind::MessageUpdated),
        ] {
            assert_eq!(ChangeKind::of_message_in(status), kind, "{status}");
        }
    }

    #[test]
    fn only_general_updates_say_little() {
        for kind in ChangeKind::ALL {
            assert_eq!(kind.says_little(), kind.as_str().ends_with(".updated"), "{kind}");
        }
    }
}

//! What became of a message, which only moves forward.

words! {
    /// What became of a message.
    pub enum MessageStatus {
        /// It came from the buyer.
        Received = "received",
        /// It waits for its turn; the credits are held.
        Queued = "queued",
        /// It is about to leave, or has left: from here on nobody sends it blindly again.
        Sending = "sending",
        /// It left, and whether the carrier took it is not known; the credits stay held.
        Unknown = "unknown",
        /// The carrier took it; the credits are spent.
        Sent = "sent",
        /// It reached the phone.
        Delivered = "delivered",
        /// The carrier took it and could not deliver it.
        Undelivered = "undelivered",
        /// It was refused; the credits are available again.
        Failed = "failed",
    }
}

impl MessageStatus {
    /// How far a message has come. A report of a lower rank than what is known is late, and changes nothing.
    const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Unknown => 2,
            Self::Sent => 3,
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Received => 4,
        }
    }

    /// The states from which a message may come to this one. What the carrier took cannot be refused any more.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        let below = if matches!(self, Self::Failed) { Self::Sent.rank() } else { self.rank() };
        Self::ALL.iter().copied().filter(move |from| from.rank() < below)
    }
}

#[cfg(test)]
mod tests {
    use super::MessageStatus;

    #[test]
    fn a_late_report_never_goes_back() {
        let before_sent: Vec<_> = MessageStatus::Sent.predecessors().collect();
        assert!(!before_sent.contains(&MessageStatus::Delivered));
        assert!(!before_sent.contains(&MessageStatus::Sent));
        assert!(before_sent.contains(&MessageStatus::Unknown));
        assert_eq!(MessageStatus::Queued.predecessors().count(), 0);
    }

    #[test]
    fn what_the_carrier_took_cannot_fail_any_more() {
        let before_failed: Vec<_> = MessageStatus::Failed.predecessors().collect();
        assert_eq!(before_failed, [MessageStatus::Queued, MessageStatus::Sending, MessageStatus::Unknown]);
    }
}

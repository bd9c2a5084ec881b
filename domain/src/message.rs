//! The status of a message, which only moves forward.

words! {
    /// What became of a message.
    pub enum MessageStatus {
        /// It came from the buyer.
        Received = "received",
        /// It waits for its time; the credits are held.
        Scheduled = "scheduled",
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
        /// It was taken back before its time had come; the credits are available again.
        Cancelled = "cancelled",
    }
}

impl MessageStatus {
    /// How far a message has come. A report of a lower rank than what is known is late, and changes nothing.
    const fn rank(self) -> u8 {
        match self {
            Self::Scheduled => 0,
            Self::Queued => 1,
            Self::Sending => 2,
            Self::Unknown => 3,
            Self::Sent => 4,
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Cancelled | Self::Received => 5,
        }
    }

    /// The states from which a message may come to this one. What the carrier took cannot be refused any more.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        let below = match self {
            Self::Failed => Self::Sent.rank(),
            // What waits for its turn may be leaving.
            Self::Cancelled => Self::Queued.rank(),
            Self::Scheduled
            | Self::Queued
            | Self::Sending
            | Self::Unknown
            | Self::Sent
            | Self::Delivered
            | Self::Undelivered
            | Self::Received => self.rank(),
        };
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
        assert_eq!(MessageStatus::Scheduled.predecessors().count(), 0);
        assert_eq!(MessageStatus::Queued.predecessors().collect::<Vec<_>>(), [MessageStatus::Scheduled]);
        assert_eq!(MessageStatus::Cancelled.predecessors().collect::<Vec<_>>(), [MessageStatus::Scheduled]);
    }

    #[test]
    fn what_the_carrier_took_cannot_fail_any_more() {
        let before_failed: Vec<_> = MessageStatus::Failed.predecessors().collect();
        let may_fail =
            [MessageStatus::Scheduled, MessageStatus::Queued, MessageStatus::Sending, MessageStatus::Unknown];
        assert_eq!(before_failed, may_fail);
    }
}

//! The status of a message, which only moves forward.

words! {
    /// The status of a message.
    pub enum MessageStatus {
        /// It came from the buyer.
        Received = "received",
        /// It is scheduled for later; its credits are held.
        Scheduled = "scheduled",
        /// It is queued; its credits are held.
        Queued = "queued",
        /// It is being sent, or was sent. From here on it is never sent again without checking.
        Sending = "sending",
        /// It was sent, but whether the carrier accepted it is unknown; its credits stay held.
        Unknown = "unknown",
        /// The carrier accepted it; its credits are spent.
        Sent = "sent",
        /// It reached the phone.
        Delivered = "delivered",
        /// The carrier accepted it but could not deliver it.
        Undelivered = "undelivered",
        /// It was refused; its credits were released.
        Failed = "failed",
        /// It was cancelled before its scheduled time; its credits were released.
        Cancelled = "cancelled",
    }
}

impl MessageStatus {
    /// The progress of a message. A report with a lower rank than the current status is late and changes nothing.
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

    /// The statuses from which a message may move to this one. A message that the carrier accepted can no longer fail.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        let below = match self {
            Self::Failed => Self::Sent.rank(),
            // A queued message may already be on its way.
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
    fn a_message_goes_forward_from_each_status_before() {
        use MessageStatus::{Delivered, Queued, Received, Scheduled, Sending, Sent, Undelivered, Unknown};
        let under_way = [Scheduled, Queued, Sending, Unknown, Sent];
        for (number, status) in under_way.into_iter().enumerate() {
            assert_eq!(status.predecessors().collect::<Vec<_>>(), under_way[..number], "{status}");
        }
        for end in [Delivered, Undelivered, Received] {
            assert_eq!(end.predecessors().collect::<Vec<_>>(), under_way, "{end}");
        }
    }

    #[test]
    fn what_the_carrier_took_cannot_fail_any_more() {
        let before_failed: Vec<_> = MessageStatus::Failed.predecessors().collect();
        let may_fail =
            [MessageStatus::Scheduled, MessageStatus::Queued, MessageStatus::Sending, MessageStatus::Unknown];
        assert_eq!(before_failed, may_fail);
    }
}

//! How a dispute of a payment stands, by Stripe's word for it.

use chrono::{DateTime, Utc};

words! {
    /// The state of a dispute.
    pub enum Dispute {
        /// The buyer's bank wants the money back, and it is not decided.
        Open = "open",
        /// The merchant keeps the money.
        Won = "won",
        /// The buyer has the money back.
        Lost = "lost",
        /// It did not become a chargeback: an inquiry that was closed, or a prevented dispute.
        Closed = "closed",
    }
}

impl Dispute {
    /// Parses Stripe's `status`. An unknown status counts as open, so that a person looks at it.
    #[must_use]
    pub fn from_stripe(status: &str) -> Self {
        match status {
            "won" => Self::Won,
            "lost" => Self::Lost,
            "warning_closed" | "prevented" => Self::Closed,
            _ => Self::Open,
        }
    }

    /// Whether nobody waits for anything any more.
    #[must_use]
    pub const fn is_decided(self) -> bool {
        match self {
            Self::Open => false,
            Self::Won | Self::Lost | Self::Closed => true,
        }
    }

    /// The rank for a link with several disputes: money that is contested or gone comes first. An inquiry takes none,
    /// so it hides no chargeback.
    #[must_use]
    pub fn weight(self, status: &str) -> u8 {
        match self {
            Self::Open if !is_inquiry(status) => 3,
            Self::Open => 2,
            Self::Lost => 1,
            Self::Won | Self::Closed => 0,
        }
    }
}

/// How far a dispute has come by its status. Orders events of the same second, since Stripe's times are in seconds.
#[must_use]
pub fn progress(status: &str) -> u8 {
    match status {
        "warning_needs_response" => 0,
        "warning_under_review" => 1,
        "needs_response" => 2,
        status if Dispute::from_stripe(status).is_decided() => 4,
        _ => 3,
    }
}

/// Whether `status` is that of an inquiry: no money is gone, and a chargeback may follow under the same id.
#[must_use]
pub fn is_inquiry(status: &str) -> bool {
    status.starts_with("warning_")
}

/// The deadline of a dispute in this state of Stripe's: `None` unless it waits for the merchant's answer.
#[must_use]
pub fn due(status: Option<&str>, respond_by: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    respond_by.filter(|_| matches!(status, Some("needs_response" | "warning_needs_response")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_stripe_that_is_not_known_leaves_a_dispute_open() {
        for (word, stands) in [
            ("needs_response", Dispute::Open),
            ("under_review", Dispute::Open),
            ("warning_needs_response", Dispute::Open),
            ("warning_under_review", Dispute::Open),
            ("warning_closed", Dispute::Closed),
            ("prevented", Dispute::Closed),
            ("won", Dispute::Won),
            ("lost", Dispute::Lost),
            ("something_new", Dispute::Open),
        ] {
            assert_eq!(Dispute::from_stripe(word), stands, "{word}");
        }
    }

    #[test]
    fn a_dispute_goes_from_an_inquiry_over_a_chargeback_to_a_decision() {
        let way = ["warning_needs_response", "warning_under_review", "needs_response", "under_review", "lost"];
        assert!(way.is_sorted_by_key(|status| progress(status)));
        assert_eq!(way.map(progress), [0, 1, 2, 3, 4]);
        for decided in ["won", "warning_closed", "prevented"] {
            assert_eq!(progress(decided), progress("lost"), "{decided}");
        }
    }

    #[test]
    fn money_that_is_contested_weighs_more_than_money_that_is_gone_or_asked_about() {
        let weight = |status: &str| Dispute::from_stripe(status).weight(status);
        assert!(weight("needs_response") > weight("warning_needs_response"));
        assert!(weight("warning_needs_response") > weight("lost"));
        assert!(weight("lost") > weight("won"));
        assert_eq!(weight("won"), weight("warning_closed"));
    }

    #[test]
    fn only_what_waits_for_the_merchant_has_a_deadline() {
        let deadline = DateTime::from_timestamp(50, 0);
        for waiting in ["needs_response", "warning_needs_response"] {
            assert_eq!(due(Some(waiting), deadline), deadline, "{waiting}");
        }
        for answered in [None, Some("under_review"), Some("won"), Some("lost")] {
            assert_eq!(due(answered, deadline), None, "{answered:?}");
        }
    }
}

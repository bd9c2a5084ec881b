//! Links that were paid more than once, and how much of that was refunded.

use super::{LinkState, Review};

/// What became of money that was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Nothing of it was refunded, as far as is known.
    Kept,
    /// A part was, as far as is known.
    PartlyRefunded,
    /// All of it was, and no more.
    Refunded,
    /// More was than it: a part of what was asked, or all.
    Exceeded,
}

impl Excess {
    /// Whether there may be any: not if the first payment is not of the kind that was asked.
    #[must_use]
    pub const fn may_be(state: LinkState, review: Option<Review>) -> bool {
        match (state, review) {
            (
                LinkState::Paid,
                Some(Review::AmountMismatch | Review::PaidAfterVoid | Review::PaidAfterExpiry | Review::PaidTwice),
            ) => true,
            (_, _) => false,
        }
    }

    /// What became of it, given all that was refunded. `too_much` is `None` if it is not known in full.
    #[must_use]
    pub fn of(too_much: Option<i64>, refunded: i64) -> Self {
        match too_much {
            _ if refunded == 0 => Self::Kept,
            Some(too_much) if refunded == too_much => Self::Refunded,
            Some(too_much) if refunded > too_much => Self::Exceeded,
            Some(_) | None => Self::PartlyRefunded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refunded_is_compared_with_what_was_too_much() {
        for (too_much, refunded, excess) in [
            (Some(1_000), 0, Excess::Kept),
            (Some(1_000), 1, Excess::PartlyRefunded),
            (Some(1_000), 999, Excess::PartlyRefunded),
            (Some(1_000), 1_000, Excess::Refunded),
            (Some(1_000), 1_001, Excess::Exceeded),
            (None, 0, Excess::Kept),
            (None, 5_000, Excess::PartlyRefunded),
        ] {
            assert_eq!(Excess::of(too_much, refunded), excess, "{refunded} of {too_much:?}");
        }
    }

    #[test]
    fn only_a_link_that_was_paid_as_asked_may_be_overpaid() {
        assert!(Excess::may_be(LinkState::Paid, Some(Review::PaidTwice)));
        assert!(!Excess::may_be(LinkState::Paid, None));
        assert!(!Excess::may_be(LinkState::Voided, Some(Review::PaidTwice)));
        for other_kind in [Review::CurrencyMismatch, Review::LivemodeMismatch] {
            assert!(!Excess::may_be(LinkState::Paid, Some(other_kind)), "{other_kind}");
        }
    }
}

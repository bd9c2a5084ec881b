//! How much of a payment was returned, from Stripe's events, which may be partial, duplicated and out of order.
//!
//! A refund is an object with a status. A charge reports the total refunded at each new refund, but does not report it
//! again when a refund fails. For payments from before refunds were recorded as objects, only the total is known.

use chrono::{DateTime, Utc};

words! {
    /// The status of a refund.
    pub enum RefundStatus {
        /// In progress.
        Pending = "pending",
        /// The money was returned.
        Succeeded = "succeeded",
        /// The money was not returned, or came back to the merchant.
        Failed = "failed",
    }
}

words! {
    /// How much of a payment was returned.
    pub enum RefundState {
        /// Nothing, as far as is known.
        None = "none",
        /// Part of it.
        Partial = "partial",
        /// All of it.
        Full = "full",
    }
}

impl RefundStatus {
    /// Maps Stripe's status. Unknown ones count as pending.
    #[must_use]
    pub fn from_stripe(status: &str) -> Self {
        match status {
            "succeeded" => Self::Succeeded,
            "failed" | "canceled" => Self::Failed,
            _ => Self::Pending,
        }
    }

    /// Merges two reports, in either order. A succeeded refund may still fail; a failed one is final.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Succeeded, _) | (_, Self::Succeeded) => Self::Succeeded,
            (Self::Pending, Self::Pending) => Self::Pending,
        }
    }
}

/// A refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// In the smallest unit of its currency.
    pub amount: i64,
    /// The latest known status.
    pub status: RefundStatus,
    /// When it was created.
    pub made_at: DateTime<Utc>,
    /// When it failed, if it did.
    pub failed_at: Option<DateTime<Utc>>,
}

/// The newest refund total reported by a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundSum {
    /// The total refunded at that time.
    pub amount: i64,
    /// When it was reported.
    pub told_at: DateTime<Utc>,
}

/// The amount certainly returned: the succeeded refunds, plus whatever the charge's total exceeds the known refunds by.
#[must_use]
pub fn went_back(refunds: &[Refund], sum: Option<RefundSum>) -> i64 {
    let succeeded =
        refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded).map(|refund| refund.amount);
    let only_in_sum = sum.map_or(0, |sum| {
        let holds = |refund: &&Refund| {
            refund.made_at <= sum.told_at && refund.failed_at.is_none_or(|failed_at| failed_at >= sum.told_at)
        };
        let known: i64 = refunds.iter().filter(holds).map(|refund| refund.amount).sum();
        (sum.amount - known).max(0)
    });
    succeeded.sum::<i64>() + only_in_sum
}

/// How much of the requested amount was returned.
#[must_use]
pub const fn refund_state(went_back: i64, asked: i64) -> RefundState {
    if went_back <= 0 {
        RefundState::None
    } else if went_back < asked {
        RefundState::Partial
    } else {
        RefundState::Full
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn refund(amount: i64, status: RefundStatus, made: i64, failed: Option<i64>) -> Refund {
        Refund { amount, status, made_at: at(made), failed_at: failed.map(at) }
    }

    fn sum(amount: i64, told: i64) -> RefundSum {
        RefundSum { amount, told_at: at(told) }
    }

    #[test]
    fn what_went_back_is_what_succeeded() {
        use RefundStatus::{Failed, Pending, Succeeded};
        let refunds =
            [refund(1_000, Succeeded, 1, None), refund(500, Pending, 2, None), refund(300, Failed, 3, Some(4))];
        assert_eq!(went_back(&refunds, None), 1_000);
        // The charge's total includes the pending refund and the one that failed later.
        assert_eq!(went_back(&refunds, Some(sum(1_800, 3))), 1_000);
    }

    #[test]
    fn where_only_the_sum_was_told_it_counts_less_what_failed_since() {
        use RefundStatus::{Failed, Succeeded};
        assert_eq!(went_back(&[], Some(sum(1_000, 5))), 1_000);
        assert_eq!(went_back(&[refund(400, Failed, 4, Some(6))], Some(sum(1_000, 5))), 600);
        // The total excludes a refund that failed earlier, and one that was made later.
        assert_eq!(went_back(&[refund(400, Failed, 3, Some(4))], Some(sum(1_000, 5))), 1_000);
        assert_eq!(went_back(&[refund(400, Succeeded, 6, None)], Some(sum(1_000, 5))), 1_400);
        // An old refund is known only from the total, a new one from both.
        assert_eq!(went_back(&[refund(400, Succeeded, 5, None)], Some(sum(1_400, 5))), 1_400);
    }

    #[test]
    fn all_that_was_asked_is_a_full_refund() {
        for (amount, state) in [(0, RefundState::None), (1, RefundState::Partial), (99, RefundState::Partial)] {
            assert_eq!(refund_state(amount, 100), state);
        }
        assert_eq!((refund_state(100, 100), refund_state(101, 100)), (RefundState::Full, RefundState::Full));
    }

    #[test]
    fn words_of_stripe_are_read() {
        for (word, status) in [
            ("pending", RefundStatus::Pending),
            ("requires_action", RefundStatus::Pending),
            ("succeeded", RefundStatus::Succeeded),
            ("failed", RefundStatus::Failed),
            ("canceled", RefundStatus::Failed),
            ("something_new", RefundStatus::Pending),
        ] {
            assert_eq!(RefundStatus::from_stripe(word), status, "{word}");
        }
    }

    proptest! {
        #[test]
        fn every_order_of_what_is_told_of_a_refund_comes_to_the_same(
            told in proptest::collection::vec(proptest::sample::select(RefundStatus::ALL), 1..6)
                .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle()))
        ) {
            let after = |told: &[RefundStatus]| told.iter().copied().reduce(RefundStatus::and);
            prop_assert_eq!(after(&told.0), after(&told.1));
        }

        #[test]
        fn the_sum_adds_nothing_to_refunds_that_are_all_known(
            amounts in proptest::collection::vec(1_i64..10_000, 1..6),
            failed in any::<u8>(),
        ) {
            // Each refund is made a second after the last and included in the total; some fail at the end.
            let refunds: Vec<Refund> = (0..).zip(&amounts).map(|(number, amount)| {
                let fails = failed & (1 << number) != 0;
                let status = if fails { RefundStatus::Failed } else { RefundStatus::Succeeded };
                refund(*amount, status, number, fails.then_some(100))
            }).collect();
            let told = sum(amounts.iter().sum(), i64::try_from(amounts.len()).unwrap());
            prop_assert_eq!(went_back(&refunds, Some(told)), went_back(&refunds, None));
        }
    }
}

//! How much of a payment was returned, from Stripe's events, which may be partial, duplicated and out of order.
//!
//! A refund is an object with a status. A charge reports the total refunded at each new refund, but does not report it
//! again when a refund fails. For payments from before refunds were recorded as objects, only the total is known.

use chrono::{DateTime, Utc};

use crate::{Currency, Money};

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

impl RefundState {
    /// The larger of two, such as of what is known in two ways.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Full, _) | (_, Self::Full) => Self::Full,
            (Self::Partial, _) | (_, Self::Partial) => Self::Partial,
            (Self::None, Self::None) => Self::None,
        }
    }
}

/// A refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// In the smallest unit of its currency; `None` if that is not supported, or if it is erased.
    pub amount: Option<i64>,
    /// Its currency, if supported.
    pub currency: Option<Currency>,
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
    /// The total refunded at that time; `None` as in [`Refund::amount`].
    pub amount: Option<i64>,
    /// Its currency, if supported.
    pub currency: Option<Currency>,
    /// Whether the charge said that all of it was refunded.
    pub is_full: bool,
    /// When it was reported.
    pub told_at: DateTime<Utc>,
}

/// What is known of the refunds of one payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentRefunds {
    /// The refunds.
    pub refunds: Vec<Refund>,
    /// What the charge reported.
    pub sum: Option<RefundSum>,
}

impl PaymentRefunds {
    /// How much was certainly returned in this currency.
    #[must_use]
    pub fn went_back(&self, currency: Currency) -> i64 {
        self.only(|its| its == Some(currency)).total()
    }

    /// How much was returned in other currencies. An amount cannot be compared with them, so it is all of it only if
    /// the charge says so.
    #[must_use]
    pub fn state_in_others(&self, currency: Currency) -> RefundState {
        let others = self.only(|its| its != Some(currency));
        let sum = others.sum.filter(|sum| !others.has_failed_since(sum));
        // Amounts in unsupported currencies are unknown.
        let has_unknown =
            sum.is_some_and(|sum| sum.amount.is_none()) || others.succeeded().any(|refund| refund.amount.is_none());
        if sum.is_some_and(|sum| sum.is_full) {
            RefundState::Full
        } else if others.total() > 0 || has_unknown {
            RefundState::Partial
        } else {
            RefundState::None
        }
    }

    /// How much was returned, where amounts are erased.
    #[must_use]
    pub fn state_without_amounts(&self) -> RefundState {
        match self.sum {
            Some(sum) if sum.is_full => RefundState::Full,
            Some(_) => RefundState::Partial,
            None if self.succeeded().next().is_some() => RefundState::Partial,
            None => RefundState::None,
        }
    }

    fn only(&self, keeps: impl Fn(Option<Currency>) -> bool) -> Self {
        Self {
            refunds: self.refunds.iter().filter(|refund| keeps(refund.currency)).copied().collect(),
            sum: self.sum.filter(|sum| keeps(sum.currency)),
        }
    }

    fn succeeded(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded)
    }

    /// The amount certainly returned: the succeeded refunds, plus whatever the charge's total exceeds the known refunds
    /// by.
    fn total(&self) -> i64 {
        let amount = |refund: &Refund| refund.amount.unwrap_or(0);
        let only_in_sum = self.sum.map_or(0, |sum| {
            let holds = |refund: &&Refund| {
                refund.made_at <= sum.told_at && refund.failed_at.is_none_or(|failed_at| failed_at >= sum.told_at)
            };
            let known: i64 = self.refunds.iter().filter(holds).map(amount).sum();
            (sum.amount.unwrap_or(0) - known).max(0)
        });
        self.succeeded().map(amount).sum::<i64>() + only_in_sum
    }

    /// Whether a refund failed since the sum was told, which is not told again for that.
    fn has_failed_since(&self, sum: &RefundSum) -> bool {
        let mut failed = self.refunds.iter().filter(|refund| refund.status == RefundStatus::Failed);
        failed.any(|refund| refund.failed_at.is_none_or(|at| at >= sum.told_at))
    }
}

/// What is not refunded of a payment though a refund was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedRefund {
    /// `Pending` while a refund is under way, or else `Failed`.
    pub status: RefundStatus,
    /// All that is under way, or failed; `None` if it is erased, or not of one currency.
    pub money: Option<Money>,
}

impl UnfinishedRefund {
    /// What is unfinished of these refunds: what is under way, or else what failed if none was made since.
    #[must_use]
    pub fn of(refunds: &[Refund]) -> Option<Self> {
        let last_made_at = refunds.iter().map(|refund| refund.made_at).max()?;
        let is_last = |refund: &Refund| refund.failed_at.is_none_or(|at| at >= last_made_at);
        let of = |status: RefundStatus| -> Vec<Refund> {
            refunds.iter().copied().filter(|refund| refund.status == status).collect()
        };
        let (pending, mut failed) = (of(RefundStatus::Pending), of(RefundStatus::Failed));
        failed.retain(is_last);
        let (status, which) =
            if pending.is_empty() { (RefundStatus::Failed, failed) } else { (RefundStatus::Pending, pending) };
        (!which.is_empty()).then(|| Self { status, money: money_of(&which) })
    }
}

/// The sum of these refunds, if all are of one currency and known.
fn money_of(refunds: &[Refund]) -> Option<Money> {
    let currency = refunds.first()?.currency?;
    let minor = refunds.iter().try_fold(0_i64, |sum, refund| {
        let amount = refund.amount.filter(|_| refund.currency == Some(currency))?;
        sum.checked_add(amount)
    })?;
    Money::from_minor(minor, currency).ok()
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
mod tests;

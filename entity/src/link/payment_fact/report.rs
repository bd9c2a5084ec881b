//! Stripe's reports, and what is known after several of them.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use domain::{
    MerchantId, Money,
    link::{disputes::progress, money_back::RefundStatus},
};

use super::{FactKind, PaymentFact};
use crate::link;

/// A report about a payment.
#[derive(Debug, Clone)]
pub struct FactReport {
    /// Its subject.
    pub kind: FactKind,
    /// Its id at Stripe; for a sum, the payment's id.
    pub id: String,
    /// `pi_…`
    pub payment_intent: String,
    /// The amount; `None` if the currency is not supported.
    pub money: Option<Money>,
    /// Stripe's status; for a sum, `full` or `partial`.
    pub status: String,
    /// Stripe's reason.
    pub reason: Option<String>,
    /// Until when a dispute can be answered.
    pub respond_by: Option<DateTime<Utc>>,
    /// When it was created at Stripe.
    pub made_at: DateTime<Utc>,
    /// When Stripe reported it.
    pub told_at: DateTime<Utc>,
}

impl FactReport {
    pub(super) fn into_fact(self, merchant: MerchantId, link: Option<&link::Model>, now: DateTime<Utc>) -> PaymentFact {
        // No amount is kept after the purge.
        let keeps = link.is_none_or(|link| link.purged_at.is_none());
        let failed = self.kind == FactKind::Refund && RefundStatus::from_stripe(&self.status) == RefundStatus::Failed;
        PaymentFact {
            merchant_id: merchant,
            kind: self.kind,
            id: self.id,
            payment_intent: self.payment_intent,
            link_id: link.map(|link| link.id),
            amount: self.money.filter(|_| keeps).map(Money::minor),
            currency: self.money.map(Money::currency),
            status: self.status,
            reason: self.reason,
            respond_by: self.respond_by,
            made_at: self.made_at,
            told_at: self.told_at,
            failed_at: failed.then_some(self.told_at),
            heard_at: now,
        }
    }
}

impl PaymentFact {
    /// Merges a report, which may be older than what is known.
    pub(super) fn and(&self, told: &Self) -> Self {
        let mut after = self.clone();
        after.link_id = self.link_id.or(told.link_id);
        match self.kind {
            FactKind::Refund => {
                let (known, reported) =
                    (RefundStatus::from_stripe(&self.status), RefundStatus::from_stripe(&told.status));
                if known.and(reported) != known {
                    after.status.clone_from(&told.status);
                }
                after.failed_at = [self.failed_at, told.failed_at].into_iter().flatten().min();
            }
            FactKind::RefundSum => {
                if (told.told_at, told.amount) > (self.told_at, self.amount) {
                    (after.amount, after.status, after.told_at) = (told.amount, told.status.clone(), told.told_at);
                }
            }
            FactKind::Dispute => {
                after.respond_by = match told.told_at.cmp(&self.told_at) {
                    Ordering::Greater => told.respond_by.or(self.respond_by),
                    Ordering::Less => self.respond_by.or(told.respond_by),
                    Ordering::Equal => self.respond_by.max(told.respond_by),
                };
                let weight = |fact: &Self| (fact.told_at, progress(&fact.status));
                if weight(told) > weight(self) {
                    (after.status, after.told_at) = (told.status.clone(), told.told_at);
                }
                after.reason = self.reason.clone().or_else(|| told.reason.clone());
            }
        }
        after
    }
}

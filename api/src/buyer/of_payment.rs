//! What a buyer is told of the money of a paid link that is not simply paid. The page and the receipt say it in the
//! same words.

use domain::{
    Money,
    link::{
        Review,
        money_back::{RefundState, RefundStatus},
    },
};
use entity::link::{self, Dispute, UnfinishedRefund};
use serde::Deserialize;

use super::words::filled;

/// The texts about payments that failed, were refunded or are disputed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPayment {
    pub(super) open_again: String,
    paid_otherwise: String,
    refunded: String,
    partly_refunded: String,
    refund_pending: String,
    refund_pending_unknown: String,
    refund_failed: String,
    refund_failed_unknown: String,
    inquiry: String,
    disputed: String,
    dispute_lost: String,
}

/// A paid link's money.
pub(crate) struct PaidMoney<'a> {
    pub(crate) link: &'a link::Model,
    /// The refund that is under way, or failed.
    pub(crate) unfinished: Option<UnfinishedRefund>,
    pub(crate) merchant: &'a str,
    /// How amounts are written.
    pub(crate) written: &'a dyn Fn(Money) -> String,
}

impl OfPayment {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let texts = [
            &self.open_again,
            &self.paid_otherwise,
            &self.refunded,
            &self.partly_refunded,
            &self.refund_pending,
            &self.refund_pending_unknown,
            &self.refund_failed,
            &self.refund_failed_unknown,
            &self.inquiry,
            &self.disputed,
            &self.dispute_lost,
        ];
        texts.into_iter().map(String::as_str)
    }

    /// That the link is paid, unless it is simply so.
    pub(super) fn paid(&self, money: &PaidMoney<'_>) -> Option<String> {
        let link = money.link;
        let is_otherwise = link.is_otherwise_paid() || link.review == Some(Review::PaidTwice);
        let sentence = match (link.refund_state(), link.dispute) {
            (RefundState::Full, _) => &self.refunded,
            (_, Some(Dispute::Open)) if link.is_asked_about() => &self.inquiry,
            (_, Some(Dispute::Open)) => &self.disputed,
            (_, Some(Dispute::Lost)) => &self.dispute_lost,
            (RefundState::Partial, Some(Dispute::Won | Dispute::Closed) | None) => &self.partly_refunded,
            (RefundState::None, Some(Dispute::Won | Dispute::Closed) | None) if is_otherwise => &self.paid_otherwise,
            (RefundState::None, Some(Dispute::Won | Dispute::Closed) | None) => return None,
        };
        Some(filled(sentence, &[("{merchant}", money.merchant)]))
    }

    /// What becomes of a refund that is not made.
    pub(super) fn unfinished(&self, money: &PaidMoney<'_>) -> Option<String> {
        let refund = money.unfinished?;
        let (known, unknown) = match refund.status {
            RefundStatus::Pending => (&self.refund_pending, &self.refund_pending_unknown),
            RefundStatus::Failed => (&self.refund_failed, &self.refund_failed_unknown),
            RefundStatus::Succeeded => return None,
        };
        let amount = refund.money.map(money.written);
        let sentence = if amount.is_some() { known } else { unknown };
        Some(filled(sentence, &[("{amount}", &amount.unwrap_or_default()), ("{merchant}", money.merchant)]))
    }
}

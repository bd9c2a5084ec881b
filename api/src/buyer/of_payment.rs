//! What a buyer is told of the money of a paid link that is not simply paid. The page and the receipt say it in the
//! same words.

use domain::{
    Money,
    link::{
        Dispute, Excess, Review,
        money_back::{RefundState, RefundStatus, UnfinishedRefund},
    },
};
use entity::link::{self, Overpayment};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Deserialize;

use super::placeholders::filled;

/// The texts about payments that failed, were refunded or are disputed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPayment {
    pub(super) open_again: String,
    paid_otherwise: String,
    paid_already: String,
    overpaid: String,
    overpaid_partly_refunded: String,
    overpaid_refunded: String,
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

/// What became of a link's payments.
#[derive(Clone, Copy)]
pub(crate) struct AfterPayment {
    /// The refund that is under way, or failed.
    unfinished: Option<UnfinishedRefund>,
    overpayment: Option<Overpayment>,
}

impl AfterPayment {
    pub(crate) async fn of(db: &impl ConnectionTrait, link: &link::Model) -> Result<Self, DbErr> {
        Ok(Self {
            unfinished: link::unfinished_refunds(db, [link]).await?.remove(&link.id),
            overpayment: link::overpayment(db, link).await?,
        })
    }

    /// All that was refunded.
    pub(super) fn refunded(&self, link: &link::Model) -> Result<Option<Money>, DbErr> {
        self.overpayment.map_or_else(|| link.refunded_money(), |overpayment| Ok(overpayment.refunded))
    }
}

/// A paid link's money.
pub(crate) struct PaidMoney<'a> {
    pub(crate) link: &'a link::Model,
    pub(crate) after: AfterPayment,
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
            &self.paid_already,
            &self.overpaid,
            &self.overpaid_partly_refunded,
            &self.overpaid_refunded,
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
        let overpaid = money.after.overpayment.as_ref().and_then(|overpayment| self.overpaid(link, overpayment));
        let sentence = match (link.refund_state(), link.dispute) {
            (RefundState::Full, _) => overpaid.unwrap_or(&self.refunded),
            (_, Some(Dispute::Open)) if link.is_asked_about() => &self.inquiry,
            (_, Some(Dispute::Open)) => &self.disputed,
            (_, Some(Dispute::Lost)) => &self.dispute_lost,
            (RefundState::Partial, Some(Dispute::Won | Dispute::Closed) | None) => {
                overpaid.unwrap_or(&self.partly_refunded)
            }
            (RefundState::None, Some(Dispute::Won | Dispute::Closed) | None) => {
                overpaid.or_else(|| link.is_otherwise_paid().then_some(&self.paid_otherwise))?
            }
        };
        let refunded = money.after.overpayment.and_then(|overpayment| overpayment.refunded).map(money.written);
        Some(filled(sentence, &[("{amount}", &refunded.unwrap_or_default()), ("{merchant}", money.merchant)]))
    }

    /// That it was paid more than once, unless a part of what was asked was refunded.
    fn overpaid(&self, link: &link::Model, overpayment: &Overpayment) -> Option<&String> {
        match overpayment.excess {
            // Whether the buyer has paid elsewhere too, they know better.
            Excess::Kept if link.review == Some(Review::PaidTwice) => Some(&self.paid_already),
            Excess::Kept => Some(&self.overpaid),
            Excess::PartlyRefunded => Some(&self.overpaid_partly_refunded),
            Excess::Refunded => Some(&self.overpaid_refunded),
            Excess::Exceeded => None,
        }
    }

    /// What becomes of a refund that is not made.
    pub(super) fn unfinished(&self, money: &PaidMoney<'_>) -> Option<String> {
        let refund = money.after.unfinished?;
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

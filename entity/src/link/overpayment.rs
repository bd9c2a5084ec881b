//! Links that were paid more than once, and how much of that was refunded.

use sea_orm::{ConnectionTrait, DbErr};

use super::{
    Model,
    facts::KnownFacts,
    refunds::{further, refunded_of_all},
};
use crate::money_column::stored_money;
use domain::{LinkState, Money, link::Review};

/// What was paid for a link that was paid already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overpayment {
    /// What became of it.
    pub excess: Excess,
    /// All that was refunded of the link's payments; `None` if nothing was, or if that is erased.
    pub refunded: Option<Money>,
}

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

/// The link's overpayment; `None` if it was paid once, or if its first payment is not of the kind that was asked.
pub async fn overpayment(db: &impl ConnectionTrait, link: &Model) -> Result<Option<Overpayment>, DbErr> {
    let may_be = link.state == LinkState::Paid
        && link.review.is_some_and(|review| match review {
            Review::AmountMismatch | Review::PaidAfterVoid | Review::PaidAfterExpiry | Review::PaidTwice => true,
            Review::CurrencyMismatch | Review::LivemodeMismatch => false,
        });
    if !may_be {
        return Ok(None);
    }
    of(link, &KnownFacts::of(db, link).await?)
}

fn of(link: &Model, known: &KnownFacts) -> Result<Option<Overpayment>, DbErr> {
    // What Stripe took is too much where the merchant got the money without it.
    let elsewhere = (link.review == Some(Review::PaidTwice)).then_some(link.amount);
    if known.further.is_empty() && elsewhere.is_none() {
        return Ok(None);
    }
    let further: Vec<i64> = further(link, known).filter_map(|payment| payment.amount).collect();
    let is_known = further.len() == known.further.len() && elsewhere != Some(None);
    let too_much = further.iter().sum::<i64>() + elsewhere.flatten().unwrap_or(0);
    let refunded = refunded_of_all(link, known);
    let excess = match refunded {
        0 => Excess::Kept,
        refunded if !is_known || refunded < too_much => Excess::PartlyRefunded,
        refunded if refunded == too_much => Excess::Refunded,
        _ => Excess::Exceeded,
    };
    let refunded = (refunded > 0).then(|| stored_money(refunded, link.currency)).transpose()?;
    Ok(Some(Overpayment { excess, refunded }))
}

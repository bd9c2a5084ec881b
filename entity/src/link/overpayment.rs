//! Links that were paid more than once, and how much of that was refunded.

use sea_orm::{ConnectionTrait, DbErr};

use super::{
    Model,
    payment_fact::KnownFacts,
    refunds::{further, refunded_of_all},
};
use crate::money_column::stored_money;
use domain::{
    Money,
    link::{Excess, Review},
};

/// What was paid for a link that was paid already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overpayment {
    /// What became of it.
    pub excess: Excess,
    /// All that was refunded of the link's payments; `None` if nothing was, or if that is erased.
    pub refunded: Option<Money>,
}

/// The link's overpayment; `None` if it was paid once, or if its first payment is not of the kind that was asked.
pub async fn overpayment(db: &impl ConnectionTrait, link: &Model) -> Result<Option<Overpayment>, DbErr> {
    if !Excess::may_be(link.state, link.review) {
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
    let excess = Excess::of(is_known.then_some(too_much), refunded);
    let refunded = (refunded > 0).then(|| stored_money(refunded, link.currency)).transpose()?;
    Ok(Some(Overpayment { excess, refunded }))
}

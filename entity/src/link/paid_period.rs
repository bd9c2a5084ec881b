//! Payments of a period.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};

use super::Column;
use crate::list::PaidPeriod;

/// How a link was paid. Payments of a period are read by two queries: each has an index, and both together have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaidWay {
    /// Through Stripe, at a moment after the link was created.
    Stripe,
    /// Elsewhere, on a day that the merchant gives, which may be before the link was created.
    Elsewhere,
}

/// The ways of payment by which a period is read; only `None` if there is no period.
pub(crate) fn each_way(period: &PaidPeriod) -> Vec<Option<PaidWay>> {
    if period.at.is_always() { vec![None] } else { vec![Some(PaidWay::Stripe), Some(PaidWay::Elsewhere)] }
}

/// The link was paid by this way in this period.
pub(crate) fn paid(by: PaidWay, period: &PaidPeriod) -> Vec<Expr> {
    let elsewhere = Column::ElsewhereOn.is_not_null().and(Column::StripeSessionId.is_null());
    let (is_so, at) = match by {
        PaidWay::Stripe => (elsewhere.not(), period.at.of(Column::PaidAt)),
        PaidWay::Elsewhere => (elsewhere, on_days(period, &Column::ElsewhereOn.into_expr())),
    };
    [is_so, Column::PaidAt.is_not_null()].into_iter().chain(at).collect()
}

/// The day of a payment elsewhere is in this period.
pub(crate) fn on_days(period: &PaidPeriod, day: &Expr) -> Vec<Expr> {
    let (first, last) = period.days;
    let from = first.map(|first| day.clone().gte(first.to_string()));
    let to = last.map(|last| day.clone().lte(last.to_string()));
    from.into_iter().chain(to).collect()
}

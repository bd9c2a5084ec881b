//! Refunds of what was paid. Shown here, made at Stripe.
//!
//! They are told several times and in any order, so what is told is held against what is known: a refund only grows.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, Entity, Model, note};
use crate::{
    Transaction,
    change::{Change, ChangeKind},
};
use domain::Money;

/// What Stripe tells of refunds.
#[derive(Debug, Clone)]
pub struct Refund {
    /// `pi_…`, the payment that is given back.
    pub payment_intent: Option<String>,
    /// All that was given back of it so far; `None` if it is in a currency that we do not know.
    pub total: Option<Money>,
}

/// Keeps what was refunded of a link's payment and notes it in the timeline. What was told before, or is less, changes nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn note_refund(tx: &Transaction, link: &Model, refund: &Refund, now: DateTime<Utc>) -> Result<(), DbErr> {
    let of_another = matches!(
        (&link.stripe_payment_intent, &refund.payment_intent),
        (Some(paid), Some(refunded)) if paid != refunded
    );
    // A second payment that goes back leaves the first where it is; after the purge no amount is kept.
    let total =
        refund.total.filter(|total| total.currency() == link.currency && link.purged_at.is_none() && !of_another);
    if let Some(total) = total {
        let more = Column::Refunded.is_null().or(Column::Refunded.lt(total.minor()));
        let kept = Entity::update_many()
            .col_expr(Column::Refunded, Expr::value(total.minor()))
            .filter(Column::Id.eq(link.id))
            .filter(Column::PurgedAt.is_null())
            .filter(more)
            .exec(tx)
            .await?;
        if kept.rows_affected == 0 {
            return Ok(());
        }
    }
    let amount = refund.total.filter(|_| link.purged_at.is_none()).map(Money::to_people);
    let detail = match (amount, &refund.payment_intent) {
        (Some(amount), Some(intent)) if of_another => Some(format!("{amount} of {intent}")),
        (amount, _) => amount,
    };
    tx.changed(Change::link(ChangeKind::LinkRefunded, link, now));
    note(tx, link, now, "refunded", detail).await
}

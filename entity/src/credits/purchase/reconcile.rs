//! Bringing a purchase in line with its state at Stripe.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{ActiveModel, CreditPurchase, Entity, PurchaseState};
use crate::{
    Transaction,
    credits::{CreditError, EntryKind, Move, append},
    merchant,
};
use domain::{CreditPurchaseId, credits_kept};

/// The state of a purchase at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtStripe {
    /// The state there.
    pub state: PurchaseState,
    /// The payment, if there is one.
    pub payment: Option<String>,
    /// How much of the price was returned, in minor units.
    pub returned: i64,
}

/// The merchant's explanation when the payment did not settle.
const NOT_SETTLED: &str = "The payment did not settle. Buy the credits again.";

/// Brings a purchase in line with its state at Stripe: adds its credits once when it is paid, and takes back credits
/// for returned money, as far as they are available. A paid purchase stays paid. Returns the updated purchase, or
/// `None` if it was reconciled since this version, so that Stripe must be asked again.
pub async fn reconcile(
    tx: &Transaction,
    (id, version): (CreditPurchaseId, i64),
    at_stripe: &AtStripe,
    now: DateTime<Utc>,
) -> Result<Option<CreditPurchase>, CreditError> {
    let mut purchase = held(tx, id).await?;
    if purchase.version != version {
        return Ok(None);
    }
    if purchase.state != PurchaseState::Paid {
        if at_stripe.state == PurchaseState::Paid {
            let credits = purchase.credits;
            move_credits(tx, &purchase, EntryKind::Purchase, credits, now).await?;
            purchase.credited = credits;
            purchase.paid_at = Some(now);
        }
        purchase.state = at_stripe.state;
    }
    purchase.failure = (purchase.state == PurchaseState::Failed).then(|| NOT_SETTLED.to_owned());
    if at_stripe.payment.is_some() {
        purchase.stripe_payment_id.clone_from(&at_stripe.payment);
    }
    if purchase.state == PurchaseState::Paid {
        purchase.returned = at_stripe.returned.clamp(0, purchase.amount);
        take_back(tx, &mut purchase, now).await?;
    }
    write(tx, purchase).await.map(Some)
}

/// Takes back missing credits, as far as they are available now: credits may have been released or bought since.
pub async fn collect(tx: &Transaction, id: CreditPurchaseId, now: DateTime<Utc>) -> Result<bool, CreditError> {
    let mut purchase = held(tx, id).await?;
    let before = purchase.credited;
    take_back(tx, &mut purchase, now).await?;
    Ok(write(tx, purchase).await?.credited != before)
}

async fn held(tx: &Transaction, id: CreditPurchaseId) -> Result<CreditPurchase, DbErr> {
    let found = Entity::find_by_id(id).lock(LockType::Update).one(tx).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// Adjusts the purchase's credits in the ledger to what the remaining price pays for.
async fn take_back(tx: &Transaction, purchase: &mut CreditPurchase, now: DateTime<Utc>) -> Result<(), CreditError> {
    let wanted = credits_kept(purchase.credits, purchase.amount, purchase.returned) - purchase.credited;
    let there = if wanted < 0 { merchant::hold(tx, purchase.merchant_id).await?.available } else { 0 };
    let moved = wanted.max(-there);
    if moved != 0 {
        move_credits(tx, purchase, EntryKind::Refund, moved, now).await?;
        purchase.credited += moved;
    }
    purchase.short = moved - wanted;
    if purchase.short > 0 {
        let (merchant, short) = (purchase.merchant_id, purchase.short);
        tracing::warn!(merchant.id = %merchant, purchase.id = %purchase.id, short, "credits whose price went back are not there");
    }
    Ok(())
}

async fn write(tx: &Transaction, purchase: CreditPurchase) -> Result<CreditPurchase, CreditError> {
    let changed = ActiveModel {
        id: Set(purchase.id),
        state: Set(purchase.state),
        stripe_payment_id: Set(purchase.stripe_payment_id),
        returned: Set(purchase.returned),
        credited: Set(purchase.credited),
        short: Set(purchase.short),
        version: Set(purchase.version + 1),
        failure: Set(purchase.failure),
        paid_at: Set(purchase.paid_at),
        ..Default::default()
    };
    Ok(changed.update(tx).await?)
}

async fn move_credits(
    tx: &Transaction,
    purchase: &CreditPurchase,
    kind: EntryKind,
    credits: i64,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    let moved = Move { kind, available: credits, held: 0, message: None, purchase: Some(purchase.id), note: None };
    append(tx, purchase.merchant_id, moved, now).await.map(|_| ())
}

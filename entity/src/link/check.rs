//! Selects links to reconcile with Stripe because no webhook has arrived for a long time.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*};

use super::{Column, Entity, Model, open};
use crate::list::first_id;
use domain::LinkState;

/// Links that something may have happened to at Stripe and that were not asked about since `cutoff`, longest first.
///
/// # Errors
/// When the database does not answer.
pub async fn due_for_check(db: &impl ConnectionTrait, cutoff: DateTime<Utc>, limit: u64) -> Result<Vec<Model>, DbErr> {
    let may_move =
        [LinkState::Unpaid, LinkState::Processing, LinkState::Voiding, LinkState::Expiring, LinkState::Settling];
    open::unchecked_since(cutoff).filter(Column::State.is_in(may_move)).limit(limit).all(db).await
}

/// Notes that Stripe was asked about a link.
///
/// # Errors
/// When the database does not answer.
pub async fn set_checked(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::StripeCheckedAt, Expr::value(now))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Whether a link of the merchant that was made before `cutoff` has come to an end at Stripe, so that a webhook should have told of it.
///
/// # Errors
/// When the database does not answer.
pub async fn has_ended_before(
    db: &impl ConnectionTrait,
    merchant: domain::MerchantId,
    cutoff: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let ended = [LinkState::Paid, LinkState::Voided, LinkState::Expired];
    let found = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::State.is_in(ended))
        // By the ids, which are the index that a merchant's links are read by.
        .filter(Column::Id.lt(first_id(cutoff)))
        .one(db)
        .await?;
    Ok(found.is_some())
}

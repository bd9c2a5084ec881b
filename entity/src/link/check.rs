//! Finds links to ask Stripe about, because no webhook has arrived for long.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*};

use super::{Column, Entity, Model, open};
use crate::list::first_id;
use domain::LinkState;

/// Links that may have changed at Stripe and have not been checked since `cutoff`, the longest unchecked first.
pub async fn due_for_check(db: &impl ConnectionTrait, cutoff: DateTime<Utc>, limit: u64) -> Result<Vec<Model>, DbErr> {
    let may_move =
        [LinkState::Unpaid, LinkState::Processing, LinkState::Voiding, LinkState::Expiring, LinkState::Settling];
    open::unchecked_since(cutoff).filter(Column::State.is_in(may_move)).limit(limit).all(db).await
}

/// Records that Stripe was asked about a link.
pub async fn set_checked(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::StripeCheckedAt, Expr::value(now))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Whether a link of the merchant that was created before `cutoff` has ended at Stripe, so that a webhook should have
/// arrived.
pub async fn has_ended_before(
    db: &impl ConnectionTrait,
    merchant: domain::MerchantId,
    cutoff: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let ended = [LinkState::Paid, LinkState::Voided, LinkState::Expired];
    let found = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::State.is_in(ended))
        // Stripe does not know those that were paid elsewhere without being asked for.
        .filter(Column::StripeLinkId.is_not_null())
        // By id, since the index of a merchant's links is by id.
        .filter(Column::Id.lt(first_id(cutoff)))
        .one(db)
        .await?;
    Ok(found.is_some())
}

//! Suspension of a merchant by the operator. Texts, new links and sign-ins stop; buyers can still pay open links, and
//! Stripe's events are still applied.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::{
    merchant::{Column, Entity},
    session,
};
use domain::MerchantId;

/// Suspends a merchant and ends its console sessions, in a transaction. Returns `false` if it was already suspended;
/// its reason then stays.
pub async fn suspend(tx: &crate::Transaction, id: MerchantId, reason: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let suspended = Entity::update_many()
        .col_expr(Column::SuspendedAt, Expr::value(now))
        .col_expr(Column::SuspendedReason, Expr::value(reason))
        .filter(Column::Id.eq(id))
        .filter(Column::SuspendedAt.is_null())
        .exec(tx)
        .await?;
    session::end_all_of_merchant(tx, id).await?;
    Ok(suspended.rows_affected == 1)
}

/// Ends a suspension. Returns `false` if there was none.
pub async fn resume(db: &impl ConnectionTrait, id: MerchantId) -> Result<bool, DbErr> {
    let resumed = Entity::update_many()
        .col_expr(Column::SuspendedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(Column::SuspendedReason, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::SuspendedAt.is_not_null())
        .exec(db)
        .await?;
    Ok(resumed.rows_affected == 1)
}

//! The end of an API key, and of the sessions that it was given for.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::{
    Transaction,
    api_key::{Column, Entity, Scope},
    merchant, session,
};
use domain::{ApiKeyId, MerchantId};

/// What became of the wish to revoke a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It opens nothing any more.
    Revoked,
    /// There is no such key, or it was revoked before.
    NoSuchKey,
    /// It is the merchant's last key of scope `admin`: without it nobody could make another.
    LastAdmin,
}

/// Who revokes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoker {
    /// The merchant, whose last key of scope `admin` stays.
    Merchant,
    /// The operator, who can make another.
    Operator,
}

/// Revokes the merchant's key and ends the sessions that it was given for, in a transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke(
    tx: &Transaction,
    merchant: MerchantId,
    id: ApiKeyId,
    by: Revoker,
    now: DateTime<Utc>,
) -> Result<Revocation, DbErr> {
    // Two administrators who revoke each other's keys must not both succeed.
    merchant::hold(tx, merchant).await?;
    let in_force = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::RevokedAt.is_null());
    let Some(key) = in_force.clone().filter(Column::Id.eq(id)).one(tx).await? else {
        return Ok(Revocation::NoSuchKey);
    };
    let must_stay = by == Revoker::Merchant && key.scope == Scope::Admin;
    if must_stay && in_force.filter(Column::Scope.eq(Scope::Admin)).count(tx).await? < 2 {
        return Ok(Revocation::LastAdmin);
    }
    Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now)).filter(Column::Id.eq(id)).exec(tx).await?;
    session::end_all_of(tx, id).await?;
    Ok(Revocation::Revoked)
}

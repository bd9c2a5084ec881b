//! Revokes an API key together with its sessions.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*};

use crate::{
    Transaction,
    api_key::{Column, Entity, Scope, is_in_force},
    audit::{self, AuditAction},
    merchant, session,
};
use domain::{ApiKeyId, MerchantId};

/// How many invitations one statement names.
const AT_ONCE: usize = 500;

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

/// Revokes the merchant's key and ends the sessions that it was given for, and the invitations that were made with it, in a transaction.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn revoke(
    tx: &Transaction,
    merchant: MerchantId,
    id: ApiKeyId,
    by: Revoker,
    now: DateTime<Utc>,
) -> Result<Revocation, DbErr> {
    // Two administrators who revoke each other's keys must not both succeed.
    merchant::hold(tx, merchant).await?;
    let of_merchant = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::RevokedAt.is_null());
    let Some(key) = of_merchant.clone().filter(Column::Id.eq(id)).one(tx).await? else {
        return Ok(Revocation::NoSuchKey);
    };
    let must_stay = by == Revoker::Merchant && key.scope == Scope::Admin && !key.is_invitation();
    let others = of_merchant.filter(Column::Id.ne(id)).filter(Column::Scope.eq(Scope::Admin)).filter(is_in_force(now));
    if must_stay && others.count(tx).await? == 0 {
        return Ok(Revocation::LastAdmin);
    }
    Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now)).filter(Column::Id.eq(id)).exec(tx).await?;
    session::end_all_of(tx, id).await?;
    revoke_invitations_of(tx, merchant, id, now).await?;
    Ok(Revocation::Revoked)
}

/// Takes back the invitations that were made with a key and that nobody has accepted: else whoever had it could come in again.
async fn revoke_invitations_of(
    tx: &Transaction,
    merchant: MerchantId,
    inviter: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let pending: Vec<ApiKeyId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::InvitedUntil.gt(now))
        .into_tuple()
        .all(tx)
        .await?;
    for some in pending.chunks(AT_ONCE) {
        let made = audit::done_by(tx, merchant, &inviter.to_string(), AuditAction::KeyInvite, some).await?;
        Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(now))
            .filter(Column::Id.is_in(some.iter().filter(|id| made.contains(&id.to_string())).copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

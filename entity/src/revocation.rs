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

/// The most invitations in one statement.
const AT_ONCE: usize = 500;

/// The result of revoking a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The key no longer works.
    Revoked,
    /// The key does not exist or was revoked before.
    NoSuchKey,
    /// It is the merchant's last key of scope `admin`, without which no other could be created.
    LastAdmin,
}

/// Who revokes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoker {
    /// The merchant, who cannot revoke the last key of scope `admin`.
    Merchant,
    /// The operator, who can create another one.
    Operator,
}

/// Revokes the merchant's key together with its sessions and the invitations created with it, in a transaction.
pub async fn revoke(
    tx: &Transaction,
    merchant: MerchantId,
    id: ApiKeyId,
    by: Revoker,
    now: DateTime<Utc>,
) -> Result<Revocation, DbErr> {
    // Locks the merchant: two administrators who revoke each other's keys must not both succeed.
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

/// Revokes pending invitations created with a key, through which its holder could come back.
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

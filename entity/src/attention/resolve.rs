//! Resolving matters.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Attention, AttentionKind, Column, Entity, note_changes};
use crate::{
    Message, Rows, Transaction,
    change::{Change, ChangeKind},
    link,
};
use domain::{MerchantId, OrderId};

/// The resolver of matters that were resolved automatically.
const SYSTEM: &str = "system";

/// Resolves a matter. Returns `false` if it is already resolved.
pub async fn resolve(
    tx: &Transaction,
    matter: &Attention,
    by: &str,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let resolved = Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now))
        .col_expr(Column::ResolvedBy, Expr::value(by))
        .col_expr(Column::Note, Expr::value(note))
        .filter(Column::Id.eq(matter.id))
        .filter(Column::MerchantId.eq(matter.merchant_id))
        .filter(Column::ResolvedAt.is_null())
        .exec(tx)
        .await?;
    if resolved.rows_affected == 0 {
        return Ok(false);
    }
    tx.changed(Change::attention(ChangeKind::AttentionResolved, matter.merchant_id, matter.id.uuid(), now));
    Ok(true)
}

/// Resolves the open matters of texts with the same link, or of this text, because it was delivered.
pub(crate) async fn resolve_delivered(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<(), DbErr> {
    let of_it = match message.link_id {
        Some(link) => Column::LinkId.eq(link),
        None => Column::MessageId.eq(message.id),
    };
    let which = of_it.and(Column::Kind.eq(AttentionKind::TextNotDelivered));
    resolve_where(tx, message.merchant_id, which, now).await
}

/// Resolves the open matter of this kind and subject.
pub(crate) async fn resolve_by_itself(
    tx: &Transaction,
    merchant: MerchantId,
    kind: AttentionKind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    resolve_where(tx, merchant, Column::Kind.eq(kind).and(Column::Subject.eq(subject)), now).await
}

/// Resolves the open matter of this kind about the link, if this is its reason.
pub(crate) async fn resolve_reason(
    tx: &Transaction,
    link: &link::Model,
    (kind, reason): (AttentionKind, &str),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let of_link = Column::Kind.eq(kind).and(Column::Subject.eq(link.id.to_string()));
    resolve_where(tx, link.merchant_id, of_link.and(Column::Reason.eq(reason)), now).await
}

/// Resolves the low-credit matter because the threshold has changed; the next ledger entry checks it again.
pub async fn forget_low_credit(tx: &Transaction, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    resolve_where(tx, merchant, Column::Kind.eq(AttentionKind::LowCredit), now).await
}

/// Resolves matters that a new link of this order settles: links that could not be created, and requests for a new one.
pub(crate) async fn resolve_wanted(
    tx: &Transaction,
    merchant: MerchantId,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let kinds = [AttentionKind::LinkFailed, AttentionKind::LinkWanted];
    resolve_where(tx, merchant, Column::OrderId.eq(order).and(Column::Kind.is_in(kinds)), now).await
}

async fn resolve_where(tx: &Transaction, merchant: MerchantId, which: Expr, now: DateTime<Utc>) -> Result<(), DbErr> {
    let resolved = Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now))
        .col_expr(Column::ResolvedBy, Expr::value(SYSTEM))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ResolvedAt.is_null())
        .filter(which)
        .exec_with_returning(tx)
        .await?;
    for matter in resolved {
        tx.changed(Change::attention(ChangeKind::AttentionResolved, merchant, matter.id.uuid(), now));
    }
    Ok(())
}

/// Resolves matters that closing a link settles: undelivered texts, links that buyers do not recognise, and links that
/// are stuck.
pub(crate) async fn resolve_closed(
    tx: &Transaction,
    closed: impl Iterator<Item = &link::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("the_link", "uuid")]);
    closed.for_each(|link| rows.push([link.id.into()]));
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE attention SET resolved_at = {0}, resolved_by = 'system' FROM v \
        WHERE link_id = the_link AND resolved_at IS NULL AND kind IN ('text_not_delivered', 'unrecognised', 'link_failed') \
        RETURNING id, merchant_id";
    let resolved = tx.query_all_raw(rows.statement(tx.get_database_backend(), update, vec![now.into()])).await?;
    note_changes(tx, &resolved, ChangeKind::AttentionResolved, now)
}

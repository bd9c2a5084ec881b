//! Notices before the purge of disputed links: it erases the evidence too, so the merchant is told some days before.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ExprTrait, entity::prelude::*, sea_query::Query};

use super::{Column, Entity, Model, RETENTION, find::page};
use crate::{
    Merchant, Transaction,
    attention::{self, AttentionKind, Matter},
};
use domain::LinkId;

/// How long before the purge the notice is given.
const NOTICE: TimeDelta = TimeDelta::days(7);

/// Disputed links that will be erased soon and whose merchant has had no notice.
pub async fn due_for_evidence_notice(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let told = Query::select()
        .column(attention::Column::Id)
        .from(attention::Entity)
        .and_where(Expr::col((attention::Entity, attention::Column::LinkId)).equals((Entity, Column::Id)))
        .and_where(attention::Column::Kind.eq(AttentionKind::EvidenceExpiring))
        .to_owned();
    let disputed = Entity::find()
        .filter(Column::Dispute.is_not_null())
        .filter(Column::PurgedAt.is_null())
        .filter(Column::CreatedAt.lte(now - RETENTION + NOTICE))
        .filter(Column::CreatedAt.gt(now - RETENTION))
        .filter(Expr::not_exists(told));
    page(disputed, after, limit, db).await
}

/// Tells the merchant on which day the evidence of this link's dispute will be erased.
pub async fn note_evidence_expiring(
    tx: &Transaction,
    owner: &Merchant,
    link: &Model,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let day = owner.day_of(link.created_at + RETENTION).to_string();
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::EvidenceExpiring, Some(day))], now).await
}

/// Removes the notice, once the evidence is erased.
pub(super) async fn forget_notice(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    if link.dispute.is_none() {
        return Ok(());
    }
    let subject = link.id.to_string();
    attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::EvidenceExpiring, &subject, now).await
}

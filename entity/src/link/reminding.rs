//! A link's reminders: the merchant's settings, unless the link has its own.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{Column, Entity, Model, TimelineEvent, timeline};
use crate::{
    Merchant, Transaction,
    change::{Change, ChangeKind},
};
use domain::{LinkId, MerchantId, OwnReminding, Reminding};

impl Model {
    /// The effective reminder settings of the link.
    #[must_use]
    pub fn reminding_under(&self, owner: &Merchant) -> Reminding {
        self.reminding.unwrap_or_default().over(owner.reminding())
    }
}

/// The merchant's link, locked until the transaction ends, so that the second of two changes sees the first.
pub async fn hold(tx: &Transaction, merchant: MerchantId, id: LinkId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock(LockType::NoKeyUpdate).one(tx).await
}

/// Sets the reminder settings of a locked link; they must have been checked. Returns the changed link.
pub async fn set_reminding(
    tx: &Transaction,
    link: &Model,
    own: OwnReminding,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Model, DbErr> {
    let reminding = Some(own).filter(|own| !own.is_empty());
    Entity::update_many()
        .col_expr(Column::Reminding, Expr::value(reminding))
        .filter(Column::Id.eq(link.id))
        .exec(tx)
        .await?;
    tx.changed(Change::link(ChangeKind::LinkUpdated, link, now));
    let entry = timeline::NewEntry::new(link.id, TimelineEvent::RemindersChanged, None);
    timeline::insert_all(tx, &[timeline::NewEntry { actor: Some(actor.to_owned()), ..entry }], now).await?;
    Ok(Model { reminding, ..link.clone() })
}

/// Stops the link's reminders for good. Returns `false` if they were stopped before.
pub(super) async fn stop_reminders(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: LinkId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let stopped = Entity::update_many()
        .col_expr(Column::RemindersStoppedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::RemindersStoppedAt.is_null())
        .exec(db)
        .await?;
    Ok(stopped.rows_affected == 1)
}

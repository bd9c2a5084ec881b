//! How the buyer of a link is reminded: as the merchant says, but for what the link says itself.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{Column, Entity, Model, timeline};
use crate::{
    Merchant, Transaction,
    change::{Change, ChangeKind},
};
use domain::{LinkId, MerchantId, OwnReminding, Reminding};

impl Model {
    /// How its buyer is reminded.
    #[must_use]
    pub fn reminding_under(&self, owner: &Merchant) -> Reminding {
        self.reminding.unwrap_or_default().over(owner.reminding())
    }
}

/// The merchant's link, held until the transaction ends, so that of two changes the second sees what the first one did.
///
/// # Errors
/// When the database does not answer.
pub async fn hold(tx: &Transaction, merchant: MerchantId, id: LinkId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock(LockType::NoKeyUpdate).one(tx).await
}

/// Changes what a held link says of its reminders itself, which was checked before; answers the link with it.
///
/// # Errors
/// When the database refuses or does not answer.
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
    let entry = timeline::NewEntry::new(link.id, "reminders_changed", None);
    timeline::insert_all(tx, &[timeline::NewEntry { actor: Some(actor.to_owned()), ..entry }], now).await?;
    Ok(Model { reminding, ..link.clone() })
}

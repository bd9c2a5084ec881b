//! The status of each link's last text.

use std::collections::HashMap;

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Direction, Entity, Origin};
use domain::{LinkId, MerchantId, MessageId, message::MessageStatus};

/// The status of the last text with each of these links. Links that were never sent are absent.
pub async fn last_of_links(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    links: impl IntoIterator<Item = LinkId>,
) -> Result<HashMap<LinkId, MessageStatus>, DbErr> {
    let links: Vec<LinkId> = links.into_iter().collect();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let texts: Vec<(Option<LinkId>, MessageStatus)> = Entity::find()
        .select_only()
        .columns([Column::LinkId, Column::Status])
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::LinkId.is_in(links))
        .filter(Column::Direction.eq(Direction::Outgoing))
        // Cancelled texts do not count.
        .filter(Column::Status.ne(MessageStatus::Cancelled))
        .filter(Column::Origin.is_not_in([Origin::Receipt, Origin::Voided]))
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    // The last text of each link wins.
    Ok(texts.into_iter().filter_map(|(link, status)| Some((link?, status))).collect())
}

/// The first text that the merchant sent with each of these links. Links that were never sent are absent.
pub async fn first_of_links(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    links: impl IntoIterator<Item = LinkId>,
) -> Result<HashMap<LinkId, MessageId>, DbErr> {
    let links: Vec<LinkId> = links.into_iter().collect();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let texts: Vec<(Option<LinkId>, MessageId)> = Entity::find()
        .select_only()
        .columns([Column::LinkId, Column::Id])
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::LinkId.is_in(links))
        .filter(Column::Direction.eq(Direction::Outgoing))
        .filter(Column::Status.ne(MessageStatus::Cancelled))
        .order_by_desc(Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    // The first text of each link wins.
    Ok(texts.into_iter().filter_map(|(link, text)| Some((link?, text))).collect())
}

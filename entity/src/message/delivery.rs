//! The status of each link's latest text.

use std::collections::HashMap;

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Direction, Entity, Origin};
use domain::{LinkId, MerchantId, message::MessageStatus};

/// How the last text that carries each of these links stands; nothing of a link that was never sent.
///
/// # Errors
/// When the database does not answer.
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
        // What was taken back says nothing of the request.
        .filter(Column::Status.ne(MessageStatus::Cancelled))
        .filter(Column::Origin.is_not_in([Origin::Receipt, Origin::Voided]))
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    // Of several the last one stays.
    Ok(texts.into_iter().filter_map(|(link, status)| Some((link?, status))).collect())
}

//! What credits were spent on: the recipient of a text, its order, and its sender.

use std::collections::HashMap;

use domain::{MerchantId, MessageId, OrderId};
use entity::{
    Message, conversation,
    credits::CreditEntry,
    link, message,
    order::{self, OrderName},
};
use sea_orm::{ConnectionTrait, DbErr};

/// The text of an entry, as far as it is not erased.
#[derive(Debug, Clone, Default)]
pub(super) struct SpentOn {
    pub(super) order_id: Option<OrderId>,
    pub(super) order_number: Option<String>,
    pub(super) customer_name: Option<String>,
    /// The key that sent it, if one did.
    pub(super) sent_by: Option<String>,
}

/// The texts of these entries.
pub(super) async fn read(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    entries: &[CreditEntry],
) -> Result<HashMap<MessageId, SpentOn>, DbErr> {
    let texts = entries.iter().filter_map(|entry| entry.message_id).collect();
    let mut texts = message::find_all(db, merchant, texts).await?;
    texts.retain(|text| text.purged_at.is_none());
    let links = link::asked_for(db, merchant, texts.iter().filter_map(|text| text.link_id).collect()).await?;
    let orders = order::names(db, merchant, links.values().map(|link| link.order_id).collect()).await?;
    let buyers = texts.iter().map(|text| text.conversation_id).collect();
    let buyers = conversation::names(db, merchant, buyers).await?;
    let of = |text: Message| {
        let order = text.link_id.and_then(|link| links.get(&link)).and_then(|link| orders.get(&link.order_id));
        let named = |order: &OrderName| Some(order.customer_name.clone()).filter(|name| !name.is_empty());
        let spent_on = SpentOn {
            order_id: order.map(|order| order.id),
            order_number: order.map(|order| order.number.clone()),
            customer_name: order.and_then(named).or_else(|| buyers.get(&text.conversation_id).cloned()),
            sent_by: text.actor,
        };
        (text.id, spent_on)
    };
    Ok(texts.into_iter().map(of).collect())
}

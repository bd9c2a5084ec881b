//! Everything stored about one buyer of a merchant, and its erasure. A buyer is identified by phone number.

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use crate::{
    Conversation, Message, Order, Transaction, attention, audit, batch, conversation, credits::CreditError,
    idempotency, link, message, order, webhook_event,
};
use domain::{LinkId, MerchantId, OrderId, PhoneNumber, Vault};

/// The most orders, and the most messages, of a buyer that are read at once.
const MOST: u64 = 1_000;

/// The failure reason of the buyer's texts that were waiting.
const ERASED: &str = "The buyer was erased.";

/// Everything that is stored about a buyer.
#[derive(Debug)]
pub struct Buyer {
    /// The buyer's conversations. More than one if different forms of the number started separate ones.
    pub conversations: Vec<Conversation>,
    /// The messages of the conversations, newest first.
    pub messages: Vec<Message>,
    /// The orders, newest first. They are read one at a time, since all of them may be large.
    pub orders: Vec<OrderId>,
}

impl Buyer {
    /// Whether nothing is stored: the number is unknown, or was erased.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let has_a_number = self.conversations.iter().any(|conversation| conversation.phone.is_some());
        self.orders.is_empty() && self.messages.is_empty() && !has_a_number
    }

    /// When the first text came or left, or the number was opted out. A text that was received before its conversation
    /// was begun is dated as it came.
    fn first_contact(&self) -> Option<DateTime<Utc>> {
        let begun = self.conversations.iter().map(|conversation| conversation.created_at);
        begun.chain(self.messages.iter().map(|message| message.created_at)).min()
    }
}

/// The links of an order that still hold personal data.
pub async fn links_to_erase(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    order: OrderId,
) -> Result<Vec<LinkId>, DbErr> {
    link::Entity::find()
        .select_only()
        .column(link::Column::Id)
        .filter(link::Column::MerchantId.eq(merchant))
        .filter(link::Column::OrderId.eq(order))
        .filter(link::Column::PurgedAt.is_null())
        .order_by_desc(link::Column::Id)
        .into_tuple()
        .all(db)
        .await
}

/// Everything the merchant has about the buyer with this number.
pub async fn find(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Buyer, DbErr> {
    let conversations = conversation::all_with(db, vault, merchant, phone).await?;
    let mut messages = Vec::new();
    for conversation in &conversations {
        messages.extend(message::of_conversation(db, merchant, conversation.id, None, MOST).await?);
    }
    messages.sort_by_key(|message| std::cmp::Reverse(message.id));
    messages.retain(|message| message.purged_at.is_none());
    let orders = order::Entity::find()
        .select_only()
        .column(order::Column::Id)
        .filter(order::Column::MerchantId.eq(merchant))
        .filter(order::Column::CustomerPhone.is_in(phone.forms()))
        .order_by_desc(order::Column::Id)
        .limit(MOST)
        .into_tuple()
        .all(db)
        .await?;
    Ok(Buyer { conversations, messages, orders })
}

/// The newest orders of the buyer with this number, each with its links.
pub async fn orders_of(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    phone: &PhoneNumber,
    limit: u64,
) -> Result<Vec<(Order, Vec<link::Model>)>, DbErr> {
    let found = order::Entity::find()
        .filter(order::Column::MerchantId.eq(merchant))
        .filter(order::Column::CustomerPhone.is_in(phone.forms()))
        .order_by_desc(order::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    let mut orders = Vec::with_capacity(found.len());
    for order in found {
        let links = link::of_order(db, merchant, order.id).await?;
        orders.push((order, links));
    }
    Ok(orders)
}

/// Erases what does not belong to a link: messages without one, waiting texts, orders without one, stored answers, and
/// carriers' webhooks. A link's data is erased with the link once it is closed. An opt-out stays, without the number.
///
/// # Errors
/// Returns an error if the database query fails, or if the credits of a waiting text cannot be released.
pub async fn erase(
    tx: &Transaction,
    buyer: &Buyer,
    merchant: MerchantId,
    phone: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    for conversation in &buyer.conversations {
        for waiting in message::waiting_for(tx, merchant, conversation.id).await? {
            message::refused(tx, &waiting, ERASED.to_owned(), now).await?;
        }
        message::erase_said_in(tx, conversation.id, now).await?;
        attention::erase_notes_in(tx, conversation.id).await?;
        audit::erase_details(tx, &conversation.id.to_string()).await?;
    }
    // The details also say why an unknown text was resolved as sent or not.
    audit::erase_details_of(tx, buyer.messages.iter().map(|message| message.id.to_string())).await?;
    for order in &buyer.orders {
        audit::erase_details(tx, &order.to_string()).await?;
        order::forget_customer_if_all_purged(tx, merchant, *order, now).await?;
    }
    for form in phone.forms() {
        batch::erase_contents_with(tx, merchant, &form).await?;
        idempotency::forget_answers_with(tx, merchant, form.as_e164()).await?;
        let digits = form.as_e164().trim_start_matches('+');
        webhook_event::erase_payloads_with(tx, merchant, digits, buyer.first_contact()).await?;
    }
    Ok(())
}

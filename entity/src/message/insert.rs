//! Writing new messages.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, Direction, Message, Origin};
use crate::{
    Transaction,
    attention::{self, Matter},
    change::{Change, ChangeKind},
    conversation, link,
};
use domain::{ConversationId, LinkId, MerchantId, MessageId, message::MessageStatus};

/// The data of a new message to a buyer.
#[derive(Debug)]
pub struct OutgoingMessage {
    /// Its id.
    pub id: MessageId,
    /// The merchant who sends it, or to whom it was sent.
    pub merchant_id: MerchantId,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// The link in it.
    pub link_id: Option<LinkId>,
    /// The rendered text.
    pub body: String,
    /// Its number of segments.
    pub segments: i64,
    /// Its cost in credits.
    pub credits: i64,
    /// Who causes it.
    pub origin: Origin,
    /// A deduplication key: the merchant has one message per key.
    pub once_key: Option<String>,
    /// The earliest time to send it; absent for at once.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The API key that sends it, if any.
    pub actor: Option<String>,
}

/// Inserts a message to a buyer, in `queued`, or in `scheduled` if its time has not come.
pub async fn insert_outgoing(tx: &Transaction, new: OutgoingMessage, now: DateTime<Utc>) -> Result<Message, DbErr> {
    let is_scheduled = new.scheduled_for.is_some();
    let message = ActiveModel {
        id: Set(new.id),
        merchant_id: Set(new.merchant_id),
        conversation_id: Set(new.conversation_id),
        link_id: Set(new.link_id),
        direction: Set(Direction::Outgoing),
        body: Set(Some(new.body)),
        segments: Set(new.segments),
        credits: Set(new.credits),
        status: Set(if is_scheduled { MessageStatus::Scheduled } else { MessageStatus::Queued }),
        scheduled_for: Set(new.scheduled_for),
        origin: Set(new.origin),
        once_key: Set(new.once_key),
        actor: Set(new.actor),
        created_at: Set(now),
        ..Default::default()
    };
    let kind = if is_scheduled { ChangeKind::MessageScheduled } else { ChangeKind::MessageUpdated };
    insert(tx, message, kind, now).await
}

/// A text from a buyer.
#[derive(Debug)]
pub struct ReceivedText {
    /// The carrier's id of it.
    pub carrier_id: String,
    /// What it says.
    pub body: String,
}

/// Inserts a message from a buyer.
pub async fn insert_incoming(
    tx: &Transaction,
    merchant: MerchantId,
    conversation: ConversationId,
    text: ReceivedText,
    at: DateTime<Utc>,
) -> Result<Message, DbErr> {
    let message = ActiveModel {
        id: Set(MessageId::new(at)),
        merchant_id: Set(merchant),
        conversation_id: Set(conversation),
        direction: Set(Direction::Incoming),
        body: Set(Some(text.body)),
        segments: Set(0),
        credits: Set(0),
        status: Set(MessageStatus::Received),
        carrier_id: Set(Some(text.carrier_id)),
        origin: Set(Origin::Merchant),
        created_at: Set(at),
        ..Default::default()
    };
    conversation::note_heard(tx, conversation, at).await?;
    let message = insert(tx, message, ChangeKind::MessageReceived, at).await?;
    attention::open(tx, vec![Matter::of_reply(&message)], at).await?;
    Ok(message)
}

/// What a buyer says on a link's page.
#[derive(Debug)]
pub struct SaidOnPage {
    /// The text.
    pub body: String,
    /// Whether it needs a person until it is read, as what a buyer texts does; something else says the same otherwise.
    pub needs_reading: bool,
}

/// Inserts what a buyer wrote on a link's page, which is not sent and costs nothing.
pub async fn insert_said_on_page(
    tx: &Transaction,
    link: &link::Model,
    conversation: ConversationId,
    said: SaidOnPage,
    now: DateTime<Utc>,
) -> Result<Message, DbErr> {
    let message = ActiveModel {
        id: Set(MessageId::new(now)),
        merchant_id: Set(link.merchant_id),
        conversation_id: Set(conversation),
        link_id: Set(Some(link.id)),
        direction: Set(Direction::Incoming),
        body: Set(Some(said.body)),
        segments: Set(0),
        credits: Set(0),
        status: Set(MessageStatus::Received),
        origin: Set(Origin::Merchant),
        created_at: Set(now),
        ..Default::default()
    };
    conversation::note_heard(tx, conversation, now).await?;
    let message = insert(tx, message, ChangeKind::MessageReceived, now).await?;
    if said.needs_reading {
        attention::open(tx, vec![Matter::of_reply(&message)], now).await?;
    }
    Ok(message)
}

async fn insert(tx: &Transaction, message: ActiveModel, kind: ChangeKind, at: DateTime<Utc>) -> Result<Message, DbErr> {
    let message = message.insert(tx).await?;
    tx.changed(Change::message(kind, &message, at));
    Ok(message)
}

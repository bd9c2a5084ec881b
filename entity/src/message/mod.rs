//! Messages in both directions. Their status only moves forward, since delivery reports arrive late, repeatedly and out
//! of order.

mod command;
mod delivery;
mod erase;
mod outcome;
mod pace;
mod restored;
mod schedule;
mod search;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QuerySelect, UpdateMany, entity::prelude::*, sea_query::LockType};

pub use command::{CommandError, NewMessage, command};
pub use delivery::{first_of_links, last_of_links};
pub use erase::erase_said_before;
pub(crate) use erase::{erase_said_in, erase_texts, has_texts};
pub use outcome::{
    Resolution, UndeliveredCredits, accepted, delivered, park, park_unknown_before, refused, resolve, undelivered,
};
pub use pace::{count_text, counted_texts, forget_counts_before};
pub use restored::hold_unsent;
pub use schedule::{has_once_key, scheduled_in_vain, scheduled_until};
pub(crate) use search::waiting_for;
pub use search::{FoundMessages, MessageSearch, answered_since, of_conversation, search, search_all, sent_since};

use crate::{
    Transaction,
    attention::{self, Matter},
    change::{Change, ChangeKind},
    conversation, link, metrics,
};
use domain::{
    ConversationId, LinkId, MerchantId, MessageId, PhoneNumber, message::MessageStatus, phone::TextTimes, words,
};

words! {
    /// The direction of a message.
    pub enum Direction {
        /// To the buyer.
        Outgoing = "outgoing",
        /// From the buyer.
        Incoming = "incoming",
    }
}

words! {
    /// Who caused a message.
    pub enum Origin {
        /// The merchant or the buyer.
        Merchant = "merchant",
        /// Paylink, as a reminder of an unpaid link.
        Reminder = "reminder",
        /// Paylink, in answer to a buyer who asked for help.
        Answer = "answer",
        /// Paylink, as a receipt.
        Receipt = "receipt",
        /// Paylink, to say that a link was withdrawn.
        Voided = "voided",
    }
}

impl Origin {
    /// Whether such a text is not urgent, and is sent at an hour that suits the buyer.
    #[must_use]
    pub const fn is_automatic(self) -> bool {
        match self {
            Self::Reminder | Self::Receipt | Self::Voided => true,
            Self::Merchant | Self::Answer => false,
        }
    }
}

/// A message.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// Its conversation, which has the buyer's number.
    pub conversation_id: ConversationId,
    /// The link in it.
    pub link_id: Option<LinkId>,
    /// Its direction.
    pub direction: Direction,
    /// The text as rendered and charged; erased by the purge.
    pub body: Option<String>,
    /// Its number of segments.
    pub segments: i64,
    /// Its cost in credits.
    pub credits: i64,
    /// Its status.
    pub status: MessageStatus,
    /// Why it failed, for the merchant to read.
    pub error: Option<String>,
    /// The carrier's id.
    pub carrier_id: Option<String>,
    /// When the command was accepted, or when it was received.
    pub created_at: DateTime<Utc>,
    /// When the carrier accepted it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it reached the phone.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When its text was erased.
    pub purged_at: Option<DateTime<Utc>>,
    /// Who caused it.
    pub origin: Origin,
    /// A deduplication key: the merchant has one message per key, so ten schedulers send one reminder.
    pub once_key: Option<String>,
    /// When it was left to a person, because it is unknown whether the carrier accepted it.
    pub parked_at: Option<DateTime<Utc>>,
    /// The earliest time to send it.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The API key that sent it, if any.
    pub actor: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Message;

impl Model {
    /// Since when it may be sent: its scheduled time, or else the command's.
    #[must_use]
    pub fn asked_at(&self) -> DateTime<Utc> {
        self.scheduled_for.map_or(self.created_at, |at| at.max(self.created_at))
    }

    /// Until when a text that has not left waits for an hour that suits the buyer.
    #[must_use]
    pub fn waits_until(&self, phone: &PhoneNumber, merchant: &TextTimes, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.status != MessageStatus::Queued || !self.origin.is_automatic() {
            return None;
        }
        let at = now.max(self.asked_at());
        Some(phone.waking_hour_from(at, merchant)).filter(|earliest| *earliest > at)
    }
}

/// The data of a new message to a buyer.
#[derive(Debug)]
pub struct Outgoing {
    /// Its id.
    pub id: MessageId,
    /// The merchant that owns it.
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
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert_outgoing(tx: &Transaction, new: Outgoing, now: DateTime<Utc>) -> Result<Message, DbErr> {
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
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
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

/// The merchant's message.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: MessageId) -> Result<Option<Message>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The merchant's messages with these ids.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_all(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<MessageId>,
) -> Result<Vec<Message>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant)).all(db).await
}

/// The merchant's message with this id of the carrier.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_by_carrier_id(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    carrier_id: &str,
) -> Result<Option<Message>, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::CarrierId.eq(carrier_id)).one(db).await
}

/// Locks the message's row until the transaction ends.
pub(crate) async fn hold(tx: &impl ConnectionTrait, id: MessageId) -> Result<(), DbErr> {
    Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await.map(|_| ())
}

/// The message, of any merchant. For operators only.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_of_any(db: &impl ConnectionTrait, id: MessageId) -> Result<Option<Message>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// A message's new status, with what else is known of it now.
#[derive(Debug, Clone)]
pub struct StatusUpdate {
    /// The status.
    pub status: MessageStatus,
    /// The carrier's id of the message, if it has just been given one.
    pub carrier_id: Option<String>,
    /// Why it failed, for the merchant to read.
    pub error: Option<String>,
}

impl From<MessageStatus> for StatusUpdate {
    fn from(status: MessageStatus) -> Self {
        Self { status, carrier_id: None, error: None }
    }
}

/// Moves a message forward to the status of `update`. Returns `false` if it has reached it already.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn advance(
    tx: &Transaction,
    merchant: MerchantId,
    id: MessageId,
    to: impl Into<StatusUpdate>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let StatusUpdate { status, carrier_id, error } = to.into();
    let mut update = in_one_of(merchant, id, status.predecessors());
    if let Some(carrier_id) = carrier_id {
        update = update.col_expr(Column::CarrierId, Expr::value(carrier_id));
    }
    if let Some(error) = error {
        update = update.col_expr(Column::Error, Expr::value(error));
    }
    match status {
        MessageStatus::Sent => update = update.col_expr(Column::SentAt, Expr::value(now)),
        MessageStatus::Delivered => update = update.col_expr(Column::DeliveredAt, Expr::value(now)),
        MessageStatus::Received
        | MessageStatus::Scheduled
        | MessageStatus::Queued
        | MessageStatus::Sending
        | MessageStatus::Unknown
        | MessageStatus::Undelivered
        | MessageStatus::Failed
        | MessageStatus::Cancelled => {}
    }
    let moved = set_status(tx, update, status, now).await?;
    if moved {
        metrics::message(status);
    }
    Ok(moved)
}

/// An update of the message, if it has one of these statuses.
fn in_one_of(
    merchant: MerchantId,
    id: MessageId,
    statuses: impl IntoIterator<Item = MessageStatus>,
) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Status.is_in(statuses))
}

/// The only statement that changes a message's status, together with the columns of `update`. Returns `false` if the
/// message is in none of the states that precede it.
async fn set_status(
    tx: &Transaction,
    update: UpdateMany<Entity>,
    to: MessageStatus,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let moved = update.col_expr(Column::Status, Expr::value(to)).exec_with_returning(tx).await?;
    for message in &moved {
        tx.changed(Change::of_status(message, now));
    }
    Ok(!moved.is_empty())
}

/// Queues a scheduled message. Returns `false` if it was cancelled or queued already.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn queue_scheduled(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let update = in_one_of(message.merchant_id, message.id, [MessageStatus::Scheduled]);
    set_status(tx, update, MessageStatus::Queued, now).await
}

/// Moves a message that has certainly not been sent back to `queued`.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn requeue(tx: &Transaction, merchant: MerchantId, id: MessageId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let update = in_one_of(merchant, id, [MessageStatus::Sending]);
    set_status(tx, update, MessageStatus::Queued, now).await.map(|_| ())
}

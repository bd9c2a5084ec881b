//! Messages in both directions. Their status only moves forward, because delivery reports arrive late, twice and out of order.

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
pub use delivery::last_of_links;
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
use domain::{ConversationId, LinkId, MerchantId, MessageId, message::MessageStatus, words};

words! {
    /// Which way a message went.
    pub enum Direction {
        /// To the buyer.
        Outgoing = "outgoing",
        /// From the buyer.
        Incoming = "incoming",
    }
}

words! {
    /// Who wanted a message sent.
    pub enum Origin {
        /// The merchant, or the buyer.
        Merchant = "merchant",
        /// Paylink, to remind of an unpaid link.
        Reminder = "reminder",
        /// Paylink, to answer a buyer who asked for help.
        Answer = "answer",
        /// Paylink, to say that the money has come.
        Receipt = "receipt",
        /// Paylink, to say that a link was withdrawn.
        Voided = "voided",
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
    /// The conversation it belongs to; the buyer's number is there.
    pub conversation_id: ConversationId,
    /// The link it carries.
    pub link_id: Option<LinkId>,
    /// Which way it went.
    pub direction: Direction,
    /// The text, as it was rendered and costed; erased by the purge.
    pub body: Option<String>,
    /// Segments that it takes.
    pub segments: i64,
    /// What it costs.
    pub credits: i64,
    /// What became of it.
    pub status: MessageStatus,
    /// Why it failed, in words for the merchant.
    pub error: Option<String>,
    /// The carrier's id of it.
    pub carrier_id: Option<String>,
    /// When the command was accepted, or when it came.
    pub created_at: DateTime<Utc>,
    /// When the carrier took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it reached the phone.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When its text was erased.
    pub purged_at: Option<DateTime<Utc>>,
    /// Who wanted it sent.
    pub origin: Origin,
    /// One message of the merchant for each key: what makes one reminder of ten schedulers.
    pub once_key: Option<String>,
    /// When it was left to a person, because nobody knows whether the carrier took it.
    pub parked_at: Option<DateTime<Utc>>,
    /// Not before this time was it to be sent.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The key that wanted it sent, if it was one.
    pub actor: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Message;

impl Model {
    /// Since when it may be sent: the time that it was scheduled for, else that of the command.
    #[must_use]
    pub fn asked_at(&self) -> DateTime<Utc> {
        self.scheduled_for.map_or(self.created_at, |at| at.max(self.created_at))
    }
}

/// What it takes to write a message to a buyer.
#[derive(Debug)]
pub struct Outgoing {
    /// Its id.
    pub id: MessageId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// The link it carries.
    pub link_id: Option<LinkId>,
    /// The rendered text.
    pub body: String,
    /// Segments that it takes.
    pub segments: i64,
    /// What it costs.
    pub credits: i64,
    /// Who wants it sent.
    pub origin: Origin,
    /// One message of the merchant for each key.
    pub once_key: Option<String>,
    /// Not before this time; absent: at once.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The key that wants it sent, if it is one.
    pub actor: Option<String>,
}

/// Writes a message to a buyer, in `queued`, or in `scheduled` if its time is yet to come.
///
/// # Errors
/// When the database refuses or does not answer.
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

/// Writes a message from a buyer.
///
/// # Errors
/// When the database refuses or does not answer.
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

/// Writes what a buyer has said on the page of a link, where nothing is sent and nothing costs.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn insert_said_on_page(
    tx: &Transaction,
    link: &link::Model,
    conversation: ConversationId,
    body: String,
    now: DateTime<Utc>,
) -> Result<Message, DbErr> {
    let message = ActiveModel {
        id: Set(MessageId::new(now)),
        merchant_id: Set(link.merchant_id),
        conversation_id: Set(conversation),
        link_id: Set(Some(link.id)),
        direction: Set(Direction::Incoming),
        body: Set(Some(body)),
        segments: Set(0),
        credits: Set(0),
        status: Set(MessageStatus::Received),
        origin: Set(Origin::Merchant),
        created_at: Set(now),
        ..Default::default()
    };
    conversation::note_heard(tx, conversation, now).await?;
    insert(tx, message, ChangeKind::MessageReceived, now).await
}

async fn insert(tx: &Transaction, message: ActiveModel, kind: ChangeKind, at: DateTime<Utc>) -> Result<Message, DbErr> {
    let message = message.insert(tx).await?;
    tx.changed(Change::message(kind, &message, at));
    Ok(message)
}

/// The merchant's message.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: MessageId) -> Result<Option<Message>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// Those of the merchant's messages.
///
/// # Errors
/// When the database does not answer.
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

/// The merchant's message that the carrier knows by this id.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_carrier_id(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    carrier_id: &str,
) -> Result<Option<Message>, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::CarrierId.eq(carrier_id)).one(db).await
}

/// Holds the message's row until the transaction ends.
pub(crate) async fn hold(tx: &impl ConnectionTrait, id: MessageId) -> Result<(), DbErr> {
    Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await.map(|_| ())
}

/// The message, whoever's it is. Operators only.
///
/// # Errors
/// When the database does not answer.
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
    /// Why it failed, in words for the merchant.
    pub error: Option<String>,
}

impl From<MessageStatus> for StatusUpdate {
    fn from(status: MessageStatus) -> Self {
        Self { status, carrier_id: None, error: None }
    }
}

/// Moves a message forward to a status; `false` if it has that one or a later one already.
///
/// # Errors
/// When the database refuses or does not answer.
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

/// The one statement that changes a message's status, together with whatever else `update` changes; `false` if the update does not
/// apply.
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

/// Puts a scheduled message in the queue; `false` if it was cancelled, or somebody else did.
///
/// # Errors
/// When the database does not answer.
pub async fn queue_scheduled(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let update = in_one_of(message.merchant_id, message.id, [MessageStatus::Scheduled]);
    set_status(tx, update, MessageStatus::Queued, now).await
}

/// Puts a message that certainly did not leave back to `queued`, so that it may be sent later.
///
/// # Errors
/// When the database does not answer.
pub async fn requeue(tx: &Transaction, merchant: MerchantId, id: MessageId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let update = in_one_of(merchant, id, [MessageStatus::Sending]);
    set_status(tx, update, MessageStatus::Queued, now).await.map(|_| ())
}

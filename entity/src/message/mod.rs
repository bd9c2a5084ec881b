//! Messages in both directions. Their status only moves forward, since delivery reports arrive late, repeatedly and out
//! of order.

mod accept;
mod charge;
mod delivery;
mod erase;
mod insert;
mod pace;
mod restored;
mod schedule;
mod search;
mod status;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*, sea_query::LockType};

pub use accept::{NewMessage, NotAccepted, accept};
pub use charge::{
    Resolution, UndeliveredCredits, delivered, leave_to_person, leave_unknown_before, refused, resolve, sent,
    undelivered,
};
pub use delivery::{first_of_links, last_of_links};
pub use erase::erase_said_before;
pub(crate) use erase::{erase_said_in, erase_texts, has_texts};
pub use insert::{OutgoingMessage, ReceivedText, SaidOnPage, insert_incoming, insert_outgoing, insert_said_on_page};
pub use pace::{count_text, counted_texts, forget_counts_before};
pub use restored::{HeldTexts, hold_unsent};
pub use schedule::{has_once_key, scheduled_in_vain, scheduled_until};
pub(crate) use search::waiting_for;
pub use search::{MessageSearch, answered_since, of_conversation, search, search_all, sent_since};
pub use status::{StatusUpdate, advance, queue_scheduled, requeue};

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
    /// The merchant who sends it, or to whom it was sent.
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

/// The merchant's message.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: MessageId) -> Result<Option<Message>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The merchant's messages with these ids.
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
pub async fn find_of_any(db: &impl ConnectionTrait, id: MessageId) -> Result<Option<Message>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

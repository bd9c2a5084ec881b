//! Accepts a text: inserts its row and holds its credits in the caller's transaction. The caller enqueues the job.

use chrono::{DateTime, Utc};
use sea_orm::{QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{Message, Origin, Outgoing, insert_outgoing};
use crate::{
    Merchant, Transaction, conversation,
    credits::{self, CreditError},
    link_text::LinkTextError,
    sms_integration,
};
use domain::{ConversationId, LinkId, MessageId, sms::Body};

/// A text to send.
#[derive(Debug)]
pub struct NewMessage {
    /// The conversation with the buyer who gets it.
    pub conversation: ConversationId,
    /// The link that it carries.
    pub link: Option<LinkId>,
    /// What it says.
    pub body: Body,
    /// Who wants it sent.
    pub origin: Origin,
    /// One message of the merchant for each key.
    pub once_key: Option<String>,
    /// Not before this time; absent: at once.
    pub send_at: Option<DateTime<Utc>>,
    /// The key that wants it sent, if it is one.
    pub actor: Option<String>,
}

/// Why a text is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The conversation is not the merchant's, or the buyer's number was erased.
    #[error("the buyer's number is not known any more")]
    NoNumber,
    /// The operator has the merchant suspended.
    #[error("the merchant is suspended")]
    Suspended,
    /// The buyer wants no more texts.
    #[error("the buyer has asked to get no more texts")]
    OptedOut,
    /// The merchant has no carrier.
    #[error("the merchant has no SMS carrier")]
    NotConnected,
    /// The template makes no text of it.
    #[error("the template makes no text")]
    NoText(#[source] Box<LinkTextError>),
    /// There are fewer credits than it costs.
    #[error("{wanted} credits are needed and {available} are available")]
    TooFewCredits {
        /// What it costs.
        wanted: i64,
        /// What there is.
        available: i64,
    },
    /// The database refused or did not answer, or what it holds is damaged. This says nothing about the text.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl CommandError {
    /// A link that has no text.
    #[must_use]
    pub fn no_text(error: LinkTextError) -> Self {
        match error {
            LinkTextError::Db(error) => Self::Db(error),
            LinkTextError::Template(_) | LinkTextError::Purged => Self::NoText(Box::new(error)),
        }
    }
}

impl From<CreditError> for CommandError {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Insufficient { wanted, available } => Self::TooFewCredits { wanted, available },
            // A hold is refused for nothing else: these are broken invariants.
            error @ (CreditError::Nothing
            | CreditError::NotPositive
            | CreditError::TooMany
            | CreditError::BadNote
            | CreditError::NoHold(_)
            | CreditError::Db(_)) => Self::Db(error.into_db()),
        }
    }
}

/// Writes a text in `queued`, or in `scheduled` if its time is yet to come, and holds what it costs. Nothing is written that is refused, if the caller rolls back.
///
/// # Errors
/// See [`CommandError`].
pub async fn command(
    tx: &Transaction,
    owner: &Merchant,
    text: NewMessage,
    now: DateTime<Utc>,
) -> Result<Message, CommandError> {
    if owner.is_suspended() {
        return Err(CommandError::Suspended);
    }
    // Under the conversation's lock, so that an opt-out comes before the text, and is seen, or after, and finds it.
    let conversation = conversation::Entity::find_by_id(text.conversation)
        .filter(conversation::Column::MerchantId.eq(owner.id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?
        .ok_or(CommandError::NoNumber)?;
    if conversation.opted_out_at.is_some() {
        return Err(CommandError::OptedOut);
    }
    if conversation.phone.is_none() {
        return Err(CommandError::NoNumber);
    }
    if sms_integration::find(tx, owner.id).await?.is_none() {
        return Err(CommandError::NotConnected);
    }
    let id = MessageId::new(now);
    let segments = i64::from(text.body.segments().count());
    let cost = owner.cost(text.body.segments().count(), conversation.phone.as_ref());
    let outgoing = Outgoing {
        id,
        merchant_id: owner.id,
        conversation_id: conversation.id,
        link_id: text.link,
        body: text.body.into_text(),
        segments,
        credits: cost,
        origin: text.origin,
        once_key: text.once_key,
        scheduled_for: text.send_at,
        actor: text.actor,
    };
    let message = insert_outgoing(tx, outgoing, now).await?;
    credits::hold(tx, owner.id, id, cost, now).await?;
    Ok(message)
}

//! Accepts a text to be sent: prices it, writes its row and holds its credits in one transaction of the caller, who
//! enqueues the job.

use chrono::{DateTime, Utc};
use sea_orm::{JoinType, QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{Message, Origin, OutgoingMessage, insert_outgoing};
use crate::{
    Conversation, Merchant, Transaction, conversation,
    credits::{self, CreditError},
    link_text::LinkTextError,
    sms_integration,
};
use domain::{ConversationId, LinkId, MerchantId, MessageId, sms::Body};

/// A text to send.
#[derive(Debug)]
pub struct NewMessage {
    /// The conversation with the recipient.
    pub conversation: ConversationId,
    /// The link in the text.
    pub link: Option<LinkId>,
    /// What it says.
    pub body: Body,
    /// Who causes it.
    pub origin: Origin,
    /// A deduplication key: the merchant has one message per key.
    pub once_key: Option<String>,
    /// The earliest time to send it; absent for at once.
    pub send_at: Option<DateTime<Utc>>,
    /// The API key that sends it, if any.
    pub actor: Option<String>,
}

/// Why a text is refused.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    /// The conversation belongs to another merchant, or the buyer's number was erased.
    #[error("the buyer's number is not known any more")]
    NoNumber,
    /// The operator has suspended the merchant.
    #[error("the merchant is suspended")]
    Suspended,
    /// The buyer has opted out.
    #[error("the buyer has asked to get no more texts")]
    OptedOut,
    /// The merchant has not connected an SMS carrier.
    #[error("the merchant has no SMS carrier")]
    NotConnected,
    /// The template cannot be rendered.
    #[error("the template makes no text")]
    NoText(#[source] Box<LinkTextError>),
    /// Too few credits are available.
    #[error("{wanted} credits are needed and {available} are available")]
    TooFewCredits {
        /// The cost.
        wanted: i64,
        /// The available credits.
        available: i64,
    },
    /// The database query failed, or a stored value is damaged.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl NotAccepted {
    /// The link has no text.
    #[must_use]
    pub fn no_text(error: LinkTextError) -> Self {
        match error {
            LinkTextError::Db(error) => Self::Db(error),
            LinkTextError::Template(_) | LinkTextError::Purged => Self::NoText(Box::new(error)),
        }
    }
}

impl From<CreditError> for NotAccepted {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Insufficient { wanted, available } => Self::TooFewCredits { wanted, available },
            // Placing a hold cannot fail with these; they are broken invariants.
            error @ (CreditError::Nothing
            | CreditError::NotPositive
            | CreditError::TooMany
            | CreditError::BadNote
            | CreditError::NoHold(_)
            | CreditError::Db(_)) => Self::Db(error.into_db()),
        }
    }
}

/// Writes a text in `queued`, or in `scheduled` if its time has not come, and holds its cost. The caller must roll back
/// on a refusal.
///
/// # Errors
/// See [`NotAccepted`].
pub async fn accept(
    tx: &Transaction,
    owner: &Merchant,
    text: NewMessage,
    now: DateTime<Utc>,
) -> Result<Message, NotAccepted> {
    if owner.is_suspended() {
        return Err(NotAccepted::Suspended);
    }
    let (conversation, is_connected) = held(tx, owner.id, text.conversation).await?.ok_or(NotAccepted::NoNumber)?;
    if conversation.opted_out_at.is_some() {
        return Err(NotAccepted::OptedOut);
    }
    if conversation.phone.is_none() {
        return Err(NotAccepted::NoNumber);
    }
    if !is_connected {
        return Err(NotAccepted::NotConnected);
    }
    let id = MessageId::new(now);
    let segments = i64::from(text.body.segments().count());
    let cost = owner.cost(text.body.segments().count(), conversation.phone.as_ref());
    let outgoing = OutgoingMessage {
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

/// The conversation, and whether the merchant has a carrier. It is locked, so that a concurrent opt-out is either seen
/// here or finds this text.
async fn held(
    tx: &Transaction,
    merchant: MerchantId,
    conversation: ConversationId,
) -> Result<Option<(Conversation, bool)>, DbErr> {
    let carrier: RelationDef = conversation::Entity::belongs_to(sms_integration::Entity)
        .from(conversation::Column::MerchantId)
        .to(sms_integration::Column::MerchantId)
        .into();
    let mut query = conversation::Entity::find_by_id(conversation)
        .filter(conversation::Column::MerchantId.eq(merchant))
        .join(JoinType::LeftJoin, carrier)
        .select_also(sms_integration::Entity);
    // PostgreSQL locks no row that there may not be.
    QuerySelect::query(&mut query).lock_with_tables(LockType::NoKeyUpdate, [conversation::Entity]);
    let found = query.one(tx).await?;
    Ok(found.map(|(conversation, carrier)| (conversation, carrier.is_some())))
}

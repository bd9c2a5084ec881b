//! Conversations: all messages exchanged with one buyer's number. They are found by a keyed hash of the number, so an
//! opt-out outlives the number itself.

mod assigned;
mod forget;
mod inbox;
mod open;
mod opt_out;
mod search;
mod sought;
mod unread;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{LockType, Query},
};

pub use assigned::{assign, close, reopen};
pub(crate) use forget::forget_if_empty;
pub use forget::{due_for_forgetting, forget_numbers};
pub use inbox::{Assigned, ConversationSearch, InboxPosition, InboxPositionError, Listed, Openness, one};
pub use open::{Correspondent, known_or_begun, open};
pub use opt_out::{OptOut, OptOutSource, opt_in, opt_out, opted_out, opted_out_of};
pub use search::list;
pub use unread::count_unread;
pub(crate) use unread::note_heard;
pub(crate) use unread::unread_of;

use crate::{
    Transaction,
    attention::{self, AttentionKind},
    message,
};
use domain::{ApiKeyId, ConversationId, LinkId, MerchantId, PhoneNumber, Vault};

/// A conversation with one buyer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    /// The id of the conversation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversationId,
    /// The conversation's merchant.
    pub merchant_id: MerchantId,
    /// The buyer's number; erased together with the last message.
    pub phone: Option<PhoneNumber>,
    /// The keyed hash of the number, which is never erased.
    pub phone_hash: Vec<u8>,
    /// The buyer's name in the latest order.
    pub customer_name: Option<String>,
    /// When the number was opted out.
    pub opted_out_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When the latest message was sent or received.
    pub last_message_at: DateTime<Utc>,
    /// Up to when the merchant has read it.
    pub read_at: Option<DateTime<Utc>>,
    /// Who opted the number out; `None` if an earlier version recorded it.
    pub opt_out_source: Option<OptOutSource>,
    /// The reason given for the opt-out.
    pub opt_out_reason: Option<String>,
    /// When the number was last opted in again.
    pub opted_in_at: Option<DateTime<Utc>>,
    /// When the latest message of the buyer arrived.
    pub heard_at: Option<DateTime<Utc>>,
    /// The API key of the assignee, if there is one.
    pub assigned_to: Option<ApiKeyId>,
    /// When it was closed; a reply reopens it.
    pub closed_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Conversation;

/// The merchant's conversation with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: ConversationId,
) -> Result<Option<Conversation>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The conversation with the handset of this number, if there is one.
pub async fn with(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Option<Conversation>, DbErr> {
    Ok(all_with(db, vault, merchant, phone).await?.into_iter().next())
}

/// The conversations with the handset of this number: one, or two that were created before forms of a number were
/// unified. The first is the one to continue: one that is opted out, else the older one.
pub(crate) async fn all_with(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Vec<Conversation>, DbErr> {
    let hashes = phone.forms().into_iter().map(|form| vault.phone_hash(merchant, &form));
    let mut found = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::PhoneHash.is_in(hashes))
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    found.sort_by_key(|conversation| conversation.opted_out_at.is_none());
    Ok(found)
}

/// Records that the merchant has read the conversation up to now.
pub async fn note_read(tx: &Transaction, conversation: &Conversation, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ReadAt, Expr::value(now))
        .filter(Column::Id.eq(conversation.id))
        .exec(tx)
        .await?;
    let (merchant, subject) = (conversation.merchant_id, conversation.id.to_string());
    attention::resolve_by_itself(tx, merchant, AttentionKind::UnreadReply, &subject, now).await
}

/// The numbers of these conversations that were not erased. They belong to one merchant, or for operators to several.
pub async fn phones(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ConversationId>,
) -> Result<HashMap<ConversationId, PhoneNumber>, DbErr> {
    let found = Entity::find().filter(Column::Id.is_in(ids)).all(db).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.id, row.phone?))).collect())
}

/// The buyers' names in the merchant's conversations with these ids, where known.
pub async fn names(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<ConversationId>,
) -> Result<HashMap<ConversationId, String>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(ConversationId, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::CustomerName])
        .filter(Column::Id.is_in(ids))
        .filter(Column::MerchantId.eq(merchant))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}

/// Locks the conversations of a link's texts until the transaction ends.
pub(crate) async fn hold_those_of(tx: &impl ConnectionTrait, link: LinkId) -> Result<(), DbErr> {
    let texts = Query::select()
        .column(message::Column::ConversationId)
        .from(message::Entity)
        .and_where(message::Column::LinkId.eq(link))
        .to_owned();
    Entity::find()
        .filter(Column::Id.in_subquery(texts))
        .order_by_asc(Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(tx)
        .await
        .map(|_| ())
}

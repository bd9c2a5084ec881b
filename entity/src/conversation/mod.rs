//! Conversations: all messages exchanged with one buyer's number. They are found by a keyed hash of the number, so an
//! opt-out outlives the number itself.

mod assigned;
mod inbox;
mod opt_out;
mod unread;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ExprTrait, FromQueryResult, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Func, LockType, OnConflict, Query},
};

pub use assigned::{assign, close, reopen};
pub use inbox::{Assigned, ConversationSearch, InboxPosition, InboxPositionError, Listed, Openness, list, one};
pub use opt_out::{OptOut, OptOutSource, opt_in, opt_out, opted_out, opted_out_of};
pub use unread::count_unread;
pub(crate) use unread::note_heard;
pub(crate) use unread::unread_of;

use crate::{
    Transaction,
    attention::{self, AttentionKind},
    list::Period,
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
    /// The merchant that owns it.
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

/// The other side of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Correspondent<'a> {
    /// The phone number.
    pub phone: &'a PhoneNumber,
    /// The buyer's name, if an order gives it.
    pub name: Option<&'a str>,
}

impl<'a> Correspondent<'a> {
    /// A buyer whose name is known.
    #[must_use]
    pub fn named(phone: &'a PhoneNumber, name: &'a str) -> Self {
        Self { phone, name: Some(name) }
    }
}

impl<'a> From<&'a PhoneNumber> for Correspondent<'a> {
    fn from(phone: &'a PhoneNumber) -> Self {
        Self { phone, name: None }
    }
}

/// The conversation with this number: created if there is none, otherwise updated. A number from an order replaces the
/// stored one, with the buyer's name; a number from a carrier does not, since it may have another form.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn open(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    with: impl Into<Correspondent<'_>>,
    now: DateTime<Utc>,
) -> Result<Conversation, DbErr> {
    let with = with.into();
    let Correspondent { phone, name } = with;
    let hash = hash_of(db, vault, merchant, phone).await?;
    let mut refreshed = OnConflict::columns([Column::MerchantId, Column::PhoneHash]);
    refreshed.update_column(Column::LastMessageAt);
    if name.is_some() {
        refreshed.update_columns([Column::Phone, Column::CustomerName]);
    } else {
        let known = Expr::col((Entity, Column::Phone));
        refreshed.value(Column::Phone, Func::coalesce([known, Expr::value(phone.clone())]));
    }
    write(db, begun(merchant, with, &hash, now), refreshed).await
}

/// The conversation with this number, created if there is none and otherwise unchanged. For uses that send no message.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn known_or_begun(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<Conversation, DbErr> {
    let hash = hash_of(db, vault, merchant, phone).await?;
    let known = Expr::col((Entity, Column::Phone));
    let mut refreshed = OnConflict::columns([Column::MerchantId, Column::PhoneHash]);
    refreshed.value(Column::Phone, Func::coalesce([known, Expr::value(phone.clone())]));
    write(db, begun(merchant, phone.into(), &hash, now), refreshed).await
}

/// Inserts or refreshes a conversation and returns it, in one round trip.
async fn write(db: &impl ConnectionTrait, row: ActiveModel, refreshed: OnConflict) -> Result<Conversation, DbErr> {
    let backend = db.get_database_backend();
    let mut insert = Entity::insert(row).on_conflict(refreshed).into_query();
    insert.returning_all();
    let written = db.query_one_raw(backend.build(&insert)).await?;
    let written = written.ok_or_else(|| DbErr::RecordNotFound("conversation".to_owned()))?;
    Conversation::from_query_result(&written, "")
}

fn begun(merchant: MerchantId, with: Correspondent<'_>, hash: &[u8], now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        id: Set(ConversationId::new(now)),
        merchant_id: Set(merchant),
        phone: Set(Some(with.phone.clone())),
        phone_hash: Set(hash.to_vec()),
        customer_name: Set(with.name.map(ToOwned::to_owned)),
        created_at: Set(now),
        last_message_at: Set(now),
        ..Default::default()
    }
}

/// The hash of the conversation with a handset: that of its number's canonical form, or the one it was created under
/// before forms were unified.
async fn hash_of(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Vec<u8>, DbErr> {
    // Nearly all numbers have only one form, and need no query.
    if phone.forms().len() > 1
        && let Some(found) = with(db, vault, merchant, phone).await?
    {
        return Ok(found.phone_hash);
    }
    Ok(vault.phone_hash(merchant, &phone.handset()))
}

/// The merchant's conversation with this id.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: ConversationId,
) -> Result<Option<Conversation>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The conversation with the handset of this number, if there is one.
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn phones(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ConversationId>,
) -> Result<HashMap<ConversationId, PhoneNumber>, DbErr> {
    let found = Entity::find().filter(Column::Id.is_in(ids)).all(db).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.id, row.phone?))).collect())
}

/// The buyers' names in the merchant's conversations with these ids, where known.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// A page, by id, of conversations without messages whose number is still stored, because a person opted it out, and in
/// which nothing happened since `cutoff`.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn due_for_forgetting(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    after: Option<ConversationId>,
    limit: u64,
) -> Result<Vec<Conversation>, DbErr> {
    let mut texts = Query::select();
    texts
        .expr(Expr::value(1))
        .from(message::Entity)
        .and_where(Expr::col((message::Entity, message::Column::ConversationId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((message::Entity, message::Column::Body)).is_not_null());
    let before = |column: Column| column.is_null().or(column.lte(cutoff));
    let mut query = Entity::find()
        .filter(Column::Phone.is_not_null())
        .filter(Column::CreatedAt.lte(cutoff))
        .filter(Column::LastMessageAt.lte(cutoff))
        .filter(before(Column::OptedOutAt))
        .filter(before(Column::OptedInAt))
        .filter(Expr::exists(texts).not());
    // Skips ids after the cutoff, which could not match.
    for bound in (Period { from: None, to: Some(cutoff) }).of_ids(Column::Id, TimeDelta::zero()) {
        query = query.filter(bound);
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Erases the numbers of these conversations. Their opt-outs stay.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn forget_numbers(tx: &Transaction, conversations: &[Conversation]) -> Result<(), DbErr> {
    for conversation in conversations {
        Entity::find_by_id(conversation.id).lock(LockType::NoKeyUpdate).one(tx).await?;
        forget_if_empty(tx, conversation.id).await?;
    }
    Ok(())
}

/// Erases the number and the name of a conversation without messages.
pub(crate) async fn forget_if_empty(db: &impl ConnectionTrait, id: ConversationId) -> Result<(), DbErr> {
    if message::has_texts(db, id).await? {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::Phone, Expr::value(Option::<String>::None))
        .col_expr(Column::CustomerName, Expr::value(Option::<String>::None))
        .col_expr(Column::OptOutReason, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

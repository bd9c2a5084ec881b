//! Conversations: everything said with one buyer's number. They are found by a keyed hash of the number, so an opt-out outlives the number
//! itself.

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

/// The conversation with one buyer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversationId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The buyer's number; erased when its last message is.
    pub phone: Option<PhoneNumber>,
    /// The keyed hash of the number; stays.
    pub phone_hash: Vec<u8>,
    /// The buyer's name, as the latest order has it.
    pub customer_name: Option<String>,
    /// Since when the number gets no texts.
    pub opted_out_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When something was last said.
    pub last_message_at: DateTime<Utc>,
    /// Up to when the merchant has read it.
    pub read_at: Option<DateTime<Utc>>,
    /// Who said that the number is to get no texts; nothing if a version before wrote it down.
    pub opt_out_source: Option<OptOutSource>,
    /// The reason that was given for that.
    pub opt_out_reason: Option<String>,
    /// When texts were last asked for again.
    pub opted_in_at: Option<DateTime<Utc>>,
    /// When the buyer last said something.
    pub heard_at: Option<DateTime<Utc>>,
    /// Whose of the merchant's people it is, by their key; nobody's at first.
    pub assigned_to: Option<ApiKeyId>,
    /// When it was closed; a reply opens it again.
    pub closed_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Conversation;

/// Whom a conversation is with.
#[derive(Debug, Clone, Copy)]
pub struct Correspondent<'a> {
    /// The number.
    pub phone: &'a PhoneNumber,
    /// The buyer's name, where an order gives it.
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

/// The conversation with this number, begun if there is none, and brought up to date. The number that an order gives replaces what is
/// known, with the buyer's name; the one that a carrier says does not: it may be another form of it.
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

/// The conversation with this number, begun if there is none, and as it was if there is: nothing is said in it now.
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

/// Writes a conversation, or refreshes the one that there is: as it is now, in one round trip.
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

/// The hash under which the conversation with a handset is found: that of its number, in the one form, or that under which it was begun
/// when forms were not told apart.
async fn hash_of(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Vec<u8>, DbErr> {
    // For nearly every number there is nothing to look for.
    if phone.forms().len() > 1
        && let Some(found) = with(db, vault, merchant, phone).await?
    {
        return Ok(found.phone_hash);
    }
    Ok(vault.phone_hash(merchant, &phone.handset()))
}

/// The merchant's conversation.
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

/// The conversation with this number's handset, if there is one.
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

/// The conversations with this number's handset: one, or two that were begun when the forms of a number were not told apart. The first
/// is the one that goes on: one that must get no texts, else the older one.
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

/// Notes that the merchant has read the conversation up to now.
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

/// The numbers of some conversations of one merchant, or for operators of several, as far as they are still known.
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

/// The names of the buyers of the merchant's conversations with these ids, as far as they are known.
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

/// Holds the conversations in which a link was sent until the transaction ends.
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

/// Conversations in which nothing was said, asked for or taken back since `cutoff`, and in which no text is left, whose number is still
/// known: a person has written down that it gets no texts. A page of them by their ids.
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
    // Those after it are walked for nothing.
    for bound in (Period { from: None, to: Some(cutoff) }).of_ids(Column::Id, TimeDelta::zero()) {
        query = query.filter(bound);
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Forgets the numbers of such conversations. That they get no texts stays.
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

/// Erases the number and the name of a conversation in which no text is left.
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

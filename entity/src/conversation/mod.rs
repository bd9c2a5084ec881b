//! Conversations: all that was said with one buyer's number, found by its keyed hash, so that an opt-out outlives the number.

mod inbox;
mod unread;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{LockType, OnConflict, Query},
};

pub use inbox::{InboxPosition, InboxPositionError, Listed, list};
pub(crate) use unread::note_heard;
pub use unread::{count_unread, unread_of};

use crate::message;
use domain::{ConversationId, LinkId, MerchantId, PhoneNumber, Vault};

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
    /// When the buyer asked to get no more texts.
    pub opted_out_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When something was last said.
    pub last_message_at: DateTime<Utc>,
    /// Up to when the merchant has read it.
    pub read_at: Option<DateTime<Utc>>,
    /// When the buyer last said something.
    pub heard_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Conversation;

/// The conversation with this number, begun if there is none, and brought up to date.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn open(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
    customer_name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Conversation, DbErr> {
    let hash = vault.phone_hash(merchant, phone);
    let row = ActiveModel {
        id: Set(ConversationId::new(now)),
        merchant_id: Set(merchant),
        phone: Set(Some(phone.clone())),
        phone_hash: Set(hash.clone()),
        customer_name: Set(customer_name.map(ToOwned::to_owned)),
        opted_out_at: Set(None),
        created_at: Set(now),
        last_message_at: Set(now),
        read_at: Set(None),
        heard_at: Set(None),
    };
    let mut refreshed = OnConflict::columns([Column::MerchantId, Column::PhoneHash]);
    refreshed.update_columns([Column::Phone, Column::LastMessageAt]);
    if customer_name.is_some() {
        refreshed.update_column(Column::CustomerName);
    }
    Entity::insert(row).on_conflict(refreshed).exec_without_returning(db).await?;
    by_hash(db, merchant, hash).await?.ok_or_else(|| DbErr::RecordNotFound("conversation".to_owned()))
}

async fn by_hash(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    hash: Vec<u8>,
) -> Result<Option<Conversation>, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::PhoneHash.eq(hash)).one(db).await
}

/// The merchant's conversation.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: ConversationId,
) -> Result<Option<Conversation>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// Notes that the buyer wants no more texts, since `at`.
///
/// # Errors
/// When the database does not answer.
pub async fn opt_out(db: &impl ConnectionTrait, id: ConversationId, at: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::OptedOutAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Notes that the buyer wants texts again, as they said at `at`; an opt-out that is later stays.
///
/// # Errors
/// When the database does not answer.
pub async fn opt_in(db: &impl ConnectionTrait, id: ConversationId, at: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::OptedOutAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::OptedOutAt.lte(at))
        .exec(db)
        .await
        .map(|_| ())
}

/// The conversation with this number, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn with(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Option<Conversation>, DbErr> {
    by_hash(db, merchant, vault.phone_hash(merchant, phone)).await
}

/// Notes that the merchant has read the conversation up to now.
///
/// # Errors
/// When the database does not answer.
pub async fn note_read(db: &impl ConnectionTrait, id: ConversationId, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ReadAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// The numbers of some conversations of one merchant, or for operators of several, as far as they are still known.
///
/// # Errors
/// When the database does not answer.
pub async fn phones(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ConversationId>,
) -> Result<HashMap<ConversationId, PhoneNumber>, DbErr> {
    let found = Entity::find().filter(Column::Id.is_in(ids)).all(db).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.id, row.phone?))).collect())
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

/// Erases the number and the name of a conversation in which no text is left.
pub(crate) async fn forget_if_empty(db: &impl ConnectionTrait, id: ConversationId) -> Result<(), DbErr> {
    if message::has_texts(db, id).await? {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::Phone, Expr::value(Option::<String>::None))
        .col_expr(Column::CustomerName, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

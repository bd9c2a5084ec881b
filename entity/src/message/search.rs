//! Finding messages.

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, QuerySelect, Select, entity::prelude::*, sea_query::LockType};

use super::{Column, Direction, Entity, Message, MessageStatus, Origin};
use domain::{ConversationId, LinkId, MerchantId, MessageId};

/// What a list of messages is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct MessageSearch {
    /// The status.
    pub status: Option<MessageStatus>,
    /// The link that it carries.
    pub link: Option<LinkId>,
    /// Only messages older than this one: the cursor.
    pub before: Option<MessageId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of the merchant's messages, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: MessageSearch,
) -> Result<Vec<Message>, DbErr> {
    page(Entity::find().filter(Column::MerchantId.eq(merchant)), search, db).await
}

/// A page of everybody's messages, newest first. Operators only: it looks across merchants.
///
/// # Errors
/// When the database does not answer.
pub async fn search_all(db: &impl ConnectionTrait, search: MessageSearch) -> Result<Vec<Message>, DbErr> {
    page(Entity::find(), search, db).await
}

async fn page(
    mut query: Select<Entity>,
    search: MessageSearch,
    db: &impl ConnectionTrait,
) -> Result<Vec<Message>, DbErr> {
    if let Some(status) = search.status {
        query = query.filter(Column::Status.eq(status));
    }
    if let Some(link) = search.link {
        query = query.filter(Column::LinkId.eq(link));
    }
    if let Some(before) = search.before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(search.limit).all(db).await
}

/// A page of a conversation, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn of_conversation(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    conversation: ConversationId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Message>, DbErr> {
    let query = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::ConversationId.eq(conversation));
    page(query, MessageSearch { before, limit, ..MessageSearch::default() }, db).await
}

/// The newest text with this link in this conversation, commanded at or after `since`, that went out or still may.
///
/// # Errors
/// When the database does not answer.
pub async fn sent_since(
    db: &impl ConnectionTrait,
    link: LinkId,
    conversation: ConversationId,
    since: DateTime<Utc>,
) -> Result<Option<Message>, DbErr> {
    Entity::find()
        .filter(Column::LinkId.eq(link))
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::Direction.eq(Direction::Outgoing))
        .filter(Column::Status.ne(MessageStatus::Failed))
        .filter(Column::CreatedAt.gte(since))
        .order_by_desc(Column::Id)
        .one(db)
        .await
}

/// The texts of a conversation that wait for their turn, held until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting_for(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    conversation: ConversationId,
) -> Result<Vec<Message>, DbErr> {
    Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::Status.eq(MessageStatus::Queued))
        .order_by_asc(Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(db)
        .await
}

/// Whether a buyer's question was answered by itself at or after `since`.
///
/// # Errors
/// When the database does not answer.
pub async fn answered_since(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    conversation: ConversationId,
    since: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let answer = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::Origin.eq(Origin::Answer))
        .filter(Column::CreatedAt.gte(since))
        .one(db)
        .await?;
    Ok(answer.is_some())
}

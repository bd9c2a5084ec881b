//! Finding messages.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{QueryOrder, QuerySelect, QueryTrait, Select, entity::prelude::*, sea_query::LockType};

use super::{Column, Direction, Entity, Message, MessageStatus, Origin};
use crate::{
    contains, link,
    list::{Found, Period, Place, Sort},
};
use domain::{ConversationId, LinkId, MerchantId, MessageId, OrderId};

/// The filters of a list of messages.
#[derive(Debug, Clone, Default)]
pub struct MessageSearch {
    /// With one of these statuses; empty for any.
    pub statuses: Vec<MessageStatus>,
    /// Containing this text.
    pub text: Option<String>,
    /// With a link of this order.
    pub order: Option<OrderId>,
    /// Commanded or received in this period.
    pub created: Period,
    /// With this link.
    pub link: Option<LinkId>,
    /// Which part of the list.
    pub place: Place<MessageId>,
}

/// A page of the merchant's messages. With a text filter it may be short or empty although there are more to scan.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: MessageSearch,
) -> Result<Found<Message, MessageId>, DbErr> {
    let mut of_merchant = Entity::find().filter(Column::MerchantId.eq(merchant));
    let mut last = None;
    if search.text.is_some() {
        let Some(first) = first_with_text(db).await? else { return Ok(Found { rows: Vec::new(), looked_to: None }) };
        let since = Period { from: Some(first), to: None }.of_ids(Column::Id, TimeDelta::zero());
        of_merchant = since.into_iter().fold(of_merchant, Select::filter);
        last = last_of_many(of_merchant.clone(), &search, db).await?;
    }
    let (limit, sort) = (search.place.limit, search.place.sort);
    let query = last.into_iter().fold(of_merchant, |query, last| match sort {
        Sort::NewestFirst => query.filter(Column::Id.gte(last)),
        Sort::OldestFirst => query.filter(Column::Id.lte(last)),
    });
    let rows = page(query, search, db).await?;
    let looked_to = last.filter(|_| (rows.len() as u64) < limit);
    Ok(Found { rows, looked_to })
}

/// When the first message may have been written whose text is not erased, of any merchant: since the first link that is not
/// purged, or as the first one without a link. Those before it are not scanned.
async fn first_with_text(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let of_links = link::Entity::find().select_only().column(link::Column::CreatedAt);
    let of_links = of_links.filter(link::Column::PurgedAt.is_null()).order_by_asc(link::Column::CreatedAt).limit(1);
    let others = Entity::find().select_only().column(Column::CreatedAt).filter(Column::LinkId.is_null());
    let others = others.filter(Column::PurgedAt.is_null()).order_by_asc(Column::CreatedAt).limit(1);
    let firsts: [Option<DateTime<Utc>>; 2] = [of_links.into_tuple().one(db).await?, others.into_tuple().one(db).await?];
    Ok(firsts.into_iter().flatten().min())
}

/// The last message to scan, if there are more. They are scanned because an index of substrings would be rewritten
/// whenever a message's status changes.
async fn last_of_many(
    messages: Select<Entity>,
    search: &MessageSearch,
    db: &impl ConnectionTrait,
) -> Result<Option<MessageId>, DbErr> {
    let place = Place { limit: 1, ..search.place };
    let messages = messages.select_only().column(Column::Id);
    let messages = search.created.of_ids(Column::Id, TimeDelta::zero()).into_iter().fold(messages, Select::filter);
    let found: Vec<MessageId> =
        place.of(messages, Column::Id).offset(search.place.looks.most).limit(2).into_tuple().all(db).await?;
    Ok(match found.as_slice() {
        // A single further one is the end of the list.
        [last, _] => Some(*last),
        _ => None,
    })
}

/// A page of all merchants' messages, newest first. For operators only.
pub async fn search_all(db: &impl ConnectionTrait, search: MessageSearch) -> Result<Vec<Message>, DbErr> {
    page(Entity::find(), search, db).await
}

async fn page(
    mut query: Select<Entity>,
    search: MessageSearch,
    db: &impl ConnectionTrait,
) -> Result<Vec<Message>, DbErr> {
    if !search.statuses.is_empty() {
        query = query.filter(Column::Status.is_in(search.statuses.iter().copied()));
    }
    if let Some(text) = &search.text {
        query = query.filter(contains(Column::Body, text));
    }
    if let Some(order) = search.order {
        let links = link::Entity::find().select_only().column(link::Column::Id).filter(link::Column::OrderId.eq(order));
        query = query.filter(Column::LinkId.in_subquery(links.into_query()));
    }
    let created = [search.created.of(Column::CreatedAt), search.created.of_ids(Column::Id, TimeDelta::zero())];
    query = created.into_iter().flatten().fold(query, Select::filter);
    if let Some(link) = search.link {
        query = query.filter(Column::LinkId.eq(link));
    }
    search.place.of(query, Column::Id).all(db).await
}

/// A page of a conversation, newest first.
pub async fn of_conversation(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    conversation: ConversationId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Message>, DbErr> {
    let query = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::ConversationId.eq(conversation));
    let place = Place { after: before, limit, ..Place::default() };
    page(query, MessageSearch { place, ..MessageSearch::default() }, db).await
}

/// The newest text with this link in this conversation, commanded at or after `since`, that was sent or may still be.
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
        .filter(Column::Status.is_not_in([MessageStatus::Failed, MessageStatus::Scheduled, MessageStatus::Cancelled]))
        .filter(Column::CreatedAt.gte(since))
        .order_by_desc(Column::Id)
        .one(db)
        .await
}

/// The texts of a conversation that wait to be sent, locked until the transaction ends.
pub(crate) async fn waiting_for(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    conversation: ConversationId,
) -> Result<Vec<Message>, DbErr> {
    Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::Status.is_in([MessageStatus::Scheduled, MessageStatus::Queued]))
        .order_by_asc(Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(db)
        .await
}

/// Whether a buyer's question was answered automatically at or after `since`.
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

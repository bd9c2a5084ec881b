//! What the merchant's list of conversations shows, and by what it is filtered.

use std::{collections::HashMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use sea_orm::{
    Condition, QuerySelect,
    entity::prelude::*,
    sea_query::{Alias, Expr, ExprTrait, Order, Query},
};

use super::{Column, Conversation, Entity};
use crate::{
    Message,
    list::Looks,
    message::{self, Direction},
    picture,
};
use domain::{ApiKeyId, ConversationId, MerchantId, words};

/// A conversation with what the list shows of it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The conversation.
    pub conversation: Conversation,
    /// The latest message.
    pub last: Option<Message>,
    /// The number of pictures in the latest message.
    pub pictures: u64,
    /// The number of the buyer's messages that are unread.
    pub unread: u64,
}

/// A position in the list. It stays valid when the conversation it came from moves up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxPosition {
    pub(super) at: DateTime<Utc>,
    pub(super) id: ConversationId,
}

impl InboxPosition {
    /// The position of this conversation.
    #[must_use]
    pub const fn of(conversation: &Conversation) -> Self {
        Self { at: conversation.last_message_at, id: conversation.id }
    }

    /// The position of this conversation in a list ordered by another time.
    #[must_use]
    pub const fn at(conversation: &Conversation, at: DateTime<Utc>) -> Self {
        Self { at, id: conversation.id }
    }
}

impl fmt::Display for InboxPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_millis(), self.id)
    }
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list of conversations")]
pub struct InboxPositionError;

impl FromStr for InboxPosition {
    type Err = InboxPositionError;

    fn from_str(text: &str) -> Result<Self, InboxPositionError> {
        let (at, id) = text.split_once('.').ok_or(InboxPositionError)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_millis).ok_or(InboxPositionError)?;
        Ok(Self { at, id: id.parse().map_err(|_| InboxPositionError)? })
    }
}

words! {
    /// Whether a conversation is open.
    pub enum Openness {
        /// Open.
        Open = "open",
        /// Closed by a person, and no message of the buyer has come since.
        Closed = "closed",
    }
}

/// Filter by the assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// Unassigned conversations.
    Nobody,
    /// Conversations assigned to the holder of this key.
    To(ApiKeyId),
}

/// The text is not an assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no id of a key, and not `nobody`")]
pub struct AssignedError;

impl fmt::Display for Assigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::To(key) => key.fmt(f),
        }
    }
}

impl FromStr for Assigned {
    type Err = AssignedError;

    fn from_str(text: &str) -> Result<Self, AssignedError> {
        if text == "nobody" {
            return Ok(Self::Nobody);
        }
        text.parse().map(Self::To).map_err(|_| AssignedError)
    }
}

/// Filters of a list of conversations.
#[derive(Debug, Clone, Default)]
pub struct ConversationSearch {
    /// Part of the buyer's name or number, or of an order's search text.
    pub text: Option<String>,
    /// Open or closed ones; `None` for both.
    pub openness: Option<Openness>,
    /// The assignee; `None` for any.
    pub assigned: Option<Assigned>,
    /// The position of the last conversation of the page before.
    pub before: Option<InboxPosition>,
    /// The size of the page.
    pub limit: u64,
    /// How much is read for it.
    pub looks: Looks,
}

/// A conversation of the merchant, as the list shows it.
pub async fn one(db: &impl ConnectionTrait, merchant: MerchantId, id: ConversationId) -> Result<Option<Listed>, DbErr> {
    let found = super::find(db, merchant, id).await?;
    Ok(shown(db, found.into_iter().collect()).await?.pop())
}

pub(super) async fn shown(db: &impl ConnectionTrait, found: Vec<Conversation>) -> Result<Vec<Listed>, DbErr> {
    let ids: Vec<ConversationId> = found.iter().map(|conversation| conversation.id).collect();
    let mut last = last_messages(db, &ids).await?;
    let unread = unread_texts(db, &ids).await?;
    let pictures = picture::of_messages(db, last.values().map(|message| message.id)).await?;
    let count = |last: Option<&Message>| last.and_then(|last| pictures.get(&last.id)).map_or(0, |it| it.len() as u64);
    let listed = found.into_iter().map(|conversation| Listed {
        pictures: count(last.get(&conversation.id)),
        last: last.remove(&conversation.id),
        unread: unread.get(&conversation.id).copied().unwrap_or(0),
        conversation,
    });
    Ok(listed.collect())
}

async fn last_messages(
    db: &impl ConnectionTrait,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Message>, DbErr> {
    let one = Alias::new("one");
    // Not `max(id)`, which PostgreSQL lacks for UUIDs.
    let last = Query::select()
        .column((one.clone(), message::Column::Id))
        .from_as(message::Entity, one.clone())
        .and_where(Expr::col((one.clone(), message::Column::ConversationId)).equals((Entity, Column::Id)))
        .order_by((one, message::Column::Id), Order::Desc)
        .limit(1)
        .to_owned();
    let of_each = Query::select()
        .expr(Expr::SubQuery(None, Box::new(last.into())))
        .from(Entity)
        .and_where(Column::Id.is_in(conversations.iter().copied()))
        .to_owned();
    let messages = message::Entity::find().filter(message::Column::Id.in_subquery(of_each)).all(db).await?;
    Ok(messages.into_iter().map(|message| (message.conversation_id, message)).collect())
}

async fn unread_texts(
    db: &impl ConnectionTrait,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, u64>, DbErr> {
    let read_at = Query::select()
        .column((Entity, Column::ReadAt))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Id)).equals((message::Entity, message::Column::ConversationId)))
        .to_owned();
    let read_at = || Expr::SubQuery(None, Box::new(read_at.clone().into()));
    let counted: Vec<(ConversationId, i64)> = message::Entity::find()
        .select_only()
        .column(message::Column::ConversationId)
        .column_as(message::Column::Id.count(), "unread")
        .filter(message::Column::ConversationId.is_in(conversations.iter().copied()))
        .filter(message::Column::Direction.eq(Direction::Incoming))
        .filter(Condition::any().add(read_at().is_null()).add(message::Column::CreatedAt.into_expr().gt(read_at())))
        .group_by(message::Column::ConversationId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counted.into_iter().map(|(id, unread)| (id, unread.unsigned_abs())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_prints_and_reads_back() {
        let at = DateTime::from_timestamp_millis(1_764_000_000_123).unwrap();
        let place = InboxPosition { at, id: ConversationId::new(at) };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in
            ["", "1.", ".conv_", "x.conv_00000000000000000000000000000000", "1.link_00000000000000000000000000000000"]
        {
            assert_eq!(text.parse::<InboxPosition>(), Err(InboxPositionError), "{text}");
        }
    }
}

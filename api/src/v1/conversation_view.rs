//! A conversation as shown to API callers.

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, ConversationId, MessageId, message::MessageStatus};
use entity::{
    Message,
    conversation::{Listed, Openness},
    message::Direction,
};
use poem_openapi::Object;

use crate::http::typed::{E164, Text};

/// A conversation with a buyer. Number and name are absent once erased.
#[derive(Debug, Object)]
#[oai(rename = "Conversation", skip_serializing_if_is_none)]
pub(super) struct ConversationView {
    id: Text<ConversationId>,
    phone: Option<E164>,
    customer_name: Option<String>,
    /// When the buyer opted out of texts.
    opted_out_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    last_message_at: DateTime<Utc>,
    /// The latest message.
    last_message: Option<LastMessageView>,
    /// The number of unread messages of the buyer.
    unread: u64,
    /// Whether it was closed by a person; a reply reopens it.
    status: Text<Openness>,
    /// The id of the assignee's key; absent if unassigned.
    assigned_to: Option<Text<ApiKeyId>>,
}

/// The latest message of a conversation.
#[derive(Debug, Object)]
#[oai(rename = "LastMessage", skip_serializing_if_is_none)]
struct LastMessageView {
    id: Text<MessageId>,
    direction: Text<Direction>,
    /// Absent once erased; empty if only pictures came.
    body: Option<String>,
    /// The number of pictures; absent if there are none.
    pictures: Option<u64>,
    status: Text<MessageStatus>,
    /// Until when an unsent text waits for the buyer's morning; only in the list.
    waits_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl LastMessageView {
    fn of(message: Message, pictures: u64) -> Self {
        Self {
            pictures: (pictures > 0).then_some(pictures),
            id: Text(message.id),
            direction: Text(message.direction),
            body: message.body,
            status: Text(message.status),
            waits_until: None,
            created_at: message.created_at,
        }
    }
}

impl ConversationView {
    /// Sets the time until which the latest message waits.
    pub(super) fn waiting_until(self, time: Option<DateTime<Utc>>) -> Self {
        let last_message = self.last_message.map(|last| LastMessageView { waits_until: time, ..last });
        Self { last_message, ..self }
    }
}

impl From<Listed> for ConversationView {
    fn from(Listed { conversation, last, pictures, unread }: Listed) -> Self {
        Self {
            last_message: last.map(|last| LastMessageView::of(last, pictures)),
            unread,
            status: Text(if conversation.closed_at.is_some() { Openness::Closed } else { Openness::Open }),
            assigned_to: conversation.assigned_to.map(Text),
            id: Text(conversation.id),
            phone: conversation.phone.map(|phone| phone.as_e164().into()),
            customer_name: conversation.customer_name,
            opted_out_at: conversation.opted_out_at,
            created_at: conversation.created_at,
            last_message_at: conversation.last_message_at,
        }
    }
}

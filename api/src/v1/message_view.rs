//! A message as callers see it.

use crate::http::typed::{E164, Text};
use chrono::{DateTime, Utc};
use domain::{ConversationId, LinkId, MessageId, PhoneNumber, message::MessageStatus};
use entity::{
    Message,
    message::{Direction, Origin},
};
use poem_openapi::Object;

/// A message. Its number and text are absent once they were erased.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Message", skip_serializing_if_is_none)]
pub(super) struct MessageView {
    id: Text<MessageId>,
    conversation_id: Text<ConversationId>,
    link_id: Option<Text<LinkId>>,
    direction: Text<Direction>,
    /// Who wanted it sent: `merchant`; `reminder` or `answer` if it was sent by itself.
    origin: Text<Origin>,
    /// The buyer's number.
    to: Option<E164>,
    body: Option<String>,
    segments: i64,
    credits: i64,
    /// `received` for an incoming one.
    status: Text<MessageStatus>,
    /// Why it failed.
    error: Option<String>,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    /// Since when it waits for a person, because nobody knows whether the carrier took it.
    parked_at: Option<DateTime<Utc>>,
}

impl MessageView {
    /// The message without what is the merchant's own, for operators.
    pub(super) fn without_text(message: Message) -> Self {
        Self { body: None, ..Self::of(message, None) }
    }

    /// The message, of the conversation with this number.
    pub(super) fn of(message: Message, phone: Option<&PhoneNumber>) -> Self {
        Self {
            id: Text(message.id),
            conversation_id: Text(message.conversation_id),
            link_id: message.link_id.map(Text),
            direction: Text(message.direction),
            origin: Text(message.origin),
            to: phone.filter(|_| message.purged_at.is_none()).map(|phone| phone.as_e164().into()),
            body: message.body,
            segments: message.segments,
            credits: message.credits,
            status: Text(message.status),
            error: message.error,
            created_at: message.created_at,
            sent_at: message.sent_at,
            delivered_at: message.delivered_at,
            parked_at: message.parked_at.filter(|_| message.status == MessageStatus::Unknown),
        }
    }
}

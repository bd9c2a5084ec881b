//! A message as callers see it.

use chrono::{DateTime, Utc};
use domain::{PhoneNumber, message::MessageStatus};
use entity::Message;
use poem_openapi::Object;

/// A message. Its number and text are absent once they were erased.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Message", skip_serializing_if_is_none)]
pub(super) struct MessageView {
    id: String,
    conversation_id: String,
    link_id: Option<String>,
    /// `outgoing` or `incoming`.
    direction: String,
    /// Who wanted it sent: `merchant`; `reminder` or `answer` if it was sent by itself.
    origin: String,
    /// The buyer's number.
    to: Option<String>,
    body: Option<String>,
    segments: i64,
    credits: i64,
    /// `queued`, `sending`, `unknown`, `sent`, `delivered`, `undelivered` or `failed`; `received` for an incoming one.
    status: String,
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
            id: message.id.to_string(),
            conversation_id: message.conversation_id.to_string(),
            link_id: message.link_id.map(|link| link.to_string()),
            direction: message.direction.to_string(),
            origin: message.origin.to_string(),
            to: phone.filter(|_| message.purged_at.is_none()).map(|phone| phone.as_e164().to_owned()),
            body: message.body,
            segments: message.segments,
            credits: message.credits,
            status: message.status.to_string(),
            error: message.error,
            created_at: message.created_at,
            sent_at: message.sent_at,
            delivered_at: message.delivered_at,
            parked_at: message.parked_at.filter(|_| message.status == MessageStatus::Unknown),
        }
    }
}

//! A message as shown to API callers.

use crate::http::typed::{E164, Text};
use chrono::{DateTime, Utc};
use domain::{ConversationId, LinkId, MessageId, PhoneNumber, message::MessageStatus};
use entity::{
    Message, Picture,
    message::{Direction, Origin},
    picture::PictureState,
};
use poem_openapi::Object;

/// A message. Its number and text are absent once erased.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Message", skip_serializing_if_is_none)]
pub(super) struct MessageView {
    id: Text<MessageId>,
    conversation_id: Text<ConversationId>,
    link_id: Option<Text<LinkId>>,
    direction: Text<Direction>,
    /// Why it was sent: `merchant`; or automatically as `reminder`, `answer`, `receipt` or `voided`.
    origin: Text<Origin>,
    /// The key (`key_…`) that requested it, if one did.
    actor: Option<String>,
    /// The buyer's number.
    to: Option<E164>,
    body: Option<String>,
    segments: i64,
    credits: i64,
    /// `received` for an incoming message.
    status: Text<MessageStatus>,
    /// Why it failed.
    error: Option<String>,
    created_at: DateTime<Utc>,
    /// The earliest time to send it.
    send_at: Option<DateTime<Utc>>,
    /// Until when an automatic text (a reminder, a receipt, a withdrawal) waits for the buyer's morning; only in the
    /// list of a conversation's messages.
    waits_until: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    /// Since when it waits for a person, because it is unknown whether the carrier accepted it.
    parked_at: Option<DateTime<Utc>>,
    /// The pictures that came with it; absent if there are none.
    pictures: Option<Vec<PictureView>>,
}

/// A picture that came with a buyer's text.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Picture", skip_serializing_if_is_none)]
pub(super) struct PictureView {
    /// `waiting` for the carrier, `stored`, or `failed`.
    status: String,
    /// Such as `image/jpeg`.
    content_type: Option<String>,
    /// The path on this server, once it is stored.
    path: Option<String>,
    /// Why it is not available.
    error: Option<String>,
}

impl From<Picture> for PictureView {
    fn from(picture: Picture) -> Self {
        let is_stored = picture.state == PictureState::Stored;
        Self {
            status: picture.state.to_string(),
            path: is_stored.then(|| format!("/v1/messages/{}/pictures/{}", picture.message_id, picture.position)),
            content_type: Some(picture.content_type).filter(|it| !it.is_empty()),
            error: picture.error,
        }
    }
}

impl MessageView {
    /// The message without its text and number, for operators.
    pub(super) fn without_text(message: Message) -> Self {
        Self { body: None, ..Self::of(message, None) }
    }

    /// The message with its conversation's number.
    pub(super) fn of(message: Message, phone: Option<&PhoneNumber>) -> Self {
        Self {
            id: Text(message.id),
            conversation_id: Text(message.conversation_id),
            link_id: message.link_id.map(Text),
            direction: Text(message.direction),
            origin: Text(message.origin),
            actor: message.actor,
            to: phone.filter(|_| message.purged_at.is_none()).map(|phone| phone.as_e164().into()),
            body: message.body,
            segments: message.segments,
            credits: message.credits,
            status: Text(message.status),
            error: message.error,
            created_at: message.created_at,
            send_at: message.scheduled_for,
            waits_until: None,
            sent_at: message.sent_at,
            delivered_at: message.delivered_at,
            parked_at: message.parked_at.filter(|_| message.status == MessageStatus::Unknown),
            pictures: None,
        }
    }

    /// Sets the time until which it waits.
    pub(super) fn waiting_until(self, time: Option<DateTime<Utc>>) -> Self {
        Self { waits_until: time, ..self }
    }

    /// Adds the pictures that came with it.
    pub(super) fn with_pictures(self, pictures: Vec<Picture>) -> Self {
        let pictures = pictures.into_iter().map(PictureView::from).collect::<Vec<_>>();
        Self { pictures: Some(pictures).filter(|pictures| !pictures.is_empty()), ..self }
    }
}

//! `/v1/payment-links/{id}/send` and `/v1/messages`.

use chrono::{DateTime, Utc};
use entity::{Message, PhoneNumber, conversation, message};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path},
    payload::Json,
};
use serde::{Deserialize, Serialize};

use super::{Group, send};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    command::{Answered, fingerprint},
    json_body::OptionalJson,
    page::id,
};

pub(super) struct Messages;

/// A message. Its number and text are absent once they were erased.
#[derive(Debug, Object)]
#[oai(rename = "Message", skip_serializing_if_is_none)]
pub(super) struct MessageView {
    id: String,
    link_id: Option<String>,
    /// `outgoing` or `incoming`.
    direction: String,
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
}

impl MessageView {
    /// The message, of the conversation with this number.
    pub(super) fn of(message: Message, phone: Option<&PhoneNumber>) -> Self {
        Self {
            id: message.id.to_string(),
            link_id: message.link_id.map(|link| link.to_string()),
            direction: message.direction.to_string(),
            to: phone.filter(|_| message.purged_at.is_none()).map(|phone| phone.as_e164().to_owned()),
            body: message.body,
            segments: message.segments,
            credits: message.credits,
            status: message.status.to_string(),
            error: message.error,
            created_at: message.created_at,
            sent_at: message.sent_at,
            delivered_at: message.delivered_at,
        }
    }
}

/// How to send.
#[derive(Debug, Default, Deserialize, Object, Serialize)]
struct Send {
    /// A template for this message only; absent: the merchant's.
    template: Option<String>,
}

#[OpenApi(tag = "Group::Messages")]
impl Messages {
    /// Send a payment link by SMS
    ///
    /// Renders the template, holds what it costs and queues the message.
    #[oai(path = "/payment-links/:id/send", method = "post")]
    async fn send(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] link_id: Path<String>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: OptionalJson<Send>,
    ) -> Result<Answered<MessageView>, Problem> {
        let input = input.0;
        let call = format!("POST send {}", link_id.0);
        let fingerprint = fingerprint(&call, &serde_json::to_vec(&input).unwrap_or_default());
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id) = (*api, &key.0, &link_id.0);
            async move { send::accept_link(api, key, link_id, input.template.as_deref(), now).await }
        })
        .await
    }

    /// See a message
    #[oai(path = "/messages/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] message_id: Path<String>,
    ) -> Result<Json<MessageView>, Problem> {
        let (pool, merchant) = (api.db.pool(), key.0.merchant);
        let message = message::find(pool, merchant, id(&message_id)?).await?.ok_or_else(Problem::not_found)?;
        let conversation = conversation::find(pool, merchant, message.conversation_id).await?;
        Ok(Json(MessageView::of(message, conversation.as_ref().and_then(|it| it.phone.as_ref()))))
    }
}

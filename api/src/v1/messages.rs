//! `/v1/payment-links/{id}/send` and `/v1/messages`.

use domain::{LinkId, MessageId, message::MessageStatus};
use entity::{
    Message, conversation,
    message::{self, MessageSearch},
    picture,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::{Deserialize, Serialize};

use super::{Group, message_view::MessageView, send};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::{
        fields::Fields,
        json_body::OptionalJson,
        paging::{Asked, Page, id},
        received_picture::ReceivedPicture,
    },
    v1::command::{Answered, fingerprint},
};

pub(super) struct Messages;

/// How to send.
#[derive(Debug, Default, Deserialize, Object, Serialize)]
struct Send {
    /// A template for this message only; absent: the merchant's.
    template: Option<String>,
    /// Send it also if it was sent to this number less than a minute ago.
    #[oai(default)]
    #[serde(default)]
    resend: bool,
}

#[OpenApi(tag = "Group::Messages")]
impl Messages {
    /// Send a payment link by SMS
    ///
    /// Renders the template, holds what it costs and queues the message. The same link is not sent to the same number again within
    /// a minute, unless `resend` is true.
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
        api.backlogs.check(&api.db, key.0.merchant, &api.quotas).await?;
        let _turn = api.turns.take(key.0.merchant).await?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id) = (*api, &key.0, &link_id.0);
            let sending = send::Sending { template: input.template.as_deref(), resend: input.resend };
            async move { send::accept_link(api, key, link_id, sending, now).await }
        })
        .await
    }

    /// List messages
    #[oai(path = "/messages", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Such as `unknown`.
        status: Query<Option<String>>,
        link_id: Query<Option<String>>,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<MessageView>>, Problem> {
        let asked = Asked::<MessageId>::parse(limit.0, cursor.0.as_deref())?;
        let search = search(status.0.as_deref(), link_id.0.as_deref(), &asked)?;
        let (pool, merchant) = (api.db.pool(), key.0.merchant);
        let found = message::search(pool, merchant, search).await?;
        let pictures = picture::of_messages(pool, found.iter().map(|message| message.id)).await?;
        let phones = conversation::phones(pool, found.iter().map(|message| message.conversation_id)).await?;
        let view = |row: Message| {
            let phone = phones.get(&row.conversation_id);
            let pictures = pictures.get(&row.id).cloned().unwrap_or_default();
            Ok::<_, Problem>(MessageView::of(row, phone).with_pictures(pictures))
        };
        Ok(Json(asked.page(found, |row| row.id, view)?))
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
        let pictures = picture::of_messages(pool, [message.id]).await?.remove(&message.id).unwrap_or_default();
        let phone = conversation.as_ref().and_then(|it| it.phone.as_ref());
        Ok(Json(MessageView::of(message, phone).with_pictures(pictures)))
    }

    /// A picture that a buyer sent
    ///
    /// The first one is 0. It can be seen once it was fetched from the carrier, until its message is erased.
    #[oai(path = "/messages/:id/pictures/:position", method = "get")]
    async fn picture(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] message_id: Path<String>,
        position: Path<String>,
    ) -> Result<ReceivedPicture, Problem> {
        let message = id(&message_id)?;
        let found = picture::find(api.db.pool(), key.0.merchant, message, id(&position)?).await?;
        ReceivedPicture::of(&api, &found.ok_or_else(Problem::not_found)?).await
    }
}

/// What a list of messages is narrowed to.
pub(super) fn search(
    status: Option<&str>,
    link: Option<&str>,
    asked: &Asked<MessageId>,
) -> Result<MessageSearch, Problem> {
    let mut fields = Fields::default();
    let status = status.map(|status| fields.take("status", status.parse::<MessageStatus>()));
    let link = link.map(|link| fields.take("link_id", link.parse::<LinkId>()));
    if status == Some(None) || link == Some(None) {
        return Err(fields.into_problem());
    }
    Ok(MessageSearch { status: status.flatten(), link: link.flatten(), before: asked.before, limit: asked.fetch() })
}

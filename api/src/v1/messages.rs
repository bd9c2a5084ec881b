//! `/v1/payment-links/{id}/send` and `/v1/messages`.

use chrono::{DateTime, Utc};
use domain::{LinkId, MessageId, OrderId, message::MessageStatus, template::Purpose, words};
use entity::{
    AuditAction, Message, conversation,
    credits::CreditError,
    list::Found,
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

use super::{Group, message_list, message_view::MessageView, send};
use crate::http::typed::{Language, Limit, Moment, Several, SortOrder, Text, TextOf, described_words, period};
use crate::{
    Api, Problem,
    auth::{Reader, Sender, Writer},
    http::{
        json_body::OptionalJson,
        listing::{Listing, is_csv_wanted},
        paging::{Asked, id},
        received_picture::ReceivedPicture,
    },
    v1::command::{Answered, fingerprint_of},
};

pub(super) struct Messages;

words! {
    /// The purpose of a text that is sent by hand.
    pub enum Asking {
        /// A payment request.
        Request = "request",
        /// A reminder.
        Reminder = "reminder",
    }
}

described_words!(Asking);

impl Asking {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Request => Purpose::Request,
            Self::Reminder => Purpose::Reminder,
        }
    }
}

/// How to send a link.
#[derive(Debug, Default, Deserialize, Object, Serialize)]
struct Send {
    /// A template for this message only; absent: the merchant's.
    template: Option<String>,
    /// Which of your templates to use; absent: `request`. With `reminder`, reminds the buyer now.
    purpose: Option<Text<Asking>>,
    /// The language of the template; absent: the buyer's, if known, else yours.
    language: Option<Language>,
    /// The earliest time, at most 35 days from now and before the link expires; absent: at once. Until then the message
    /// is `scheduled` and its credits are held; a void, a payment, the link's end or an opt-out cancels it.
    #[expect(clippy::struct_field_names, reason = "it is the name of the field in the API")]
    send_at: Option<DateTime<Utc>>,
    /// Send it even if it was sent to this number less than a minute ago.
    #[oai(default)]
    #[serde(default)]
    resend: bool,
    /// Refuse it (409 `not_recognised`, `payment_expected`) if the buyer does not recognise the request, or has named a
    /// day to pay that is not over. A `reminder` always is.
    #[oai(default)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    only_wanted: bool,
    /// If you have written no template in the buyer's language, use the ready one in it instead of yours in another.
    #[oai(default)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ready: bool,
}

#[OpenApi(tag = "Group::Messages")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Messages {
    /// Send a payment link by SMS
    ///
    /// Renders the template, holds the credits and queues the message. The same link is not sent to the same number
    /// again within a minute, unless `resend` is true.
    #[oai(path = "/payment-links/:id/send", method = "post")]
    async fn send(
        &self,
        api: Data<&Api>,
        key: Sender,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: OptionalJson<Send>,
    ) -> Result<Answered<MessageView>, Problem> {
        let input = input.0;
        let call = format!("POST send {}", link_id.0);
        let fingerprint = fingerprint_of(&call, &input)?;
        api.backlogs.check(&api.db, key.0.merchant, &api.quotas).await?;
        let _turn = api.turns.take(key.0.merchant).await?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id) = (*api, &key.0, &link_id.0);
            let sending = send::Sending {
                template: input.template.as_deref(),
                purpose: input.purpose.map_or(Purpose::Request, |asking| asking.0.purpose()),
                language: input.language.as_deref(),
                send_at: input.send_at,
                resend: input.resend,
                only_wanted: input.only_wanted,
                ready: input.ready,
            };
            async move { send::accept_link(api, key, link_id, sending, now).await }
        })
        .await
    }

    /// Cancel a scheduled message
    ///
    /// Its credits are released. Cancelling it again is no error; a message that is no longer scheduled cannot be
    /// cancelled.
    #[oai(path = "/messages/:id", method = "delete")]
    async fn cancel(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] message_id: Path<TextOf<MessageId>>,
    ) -> Result<Json<MessageView>, Problem> {
        let (merchant, now, id) = (key.0.merchant, api.clock.now(), id(&message_id)?);
        let tx = api.db.begin().await?;
        let message = message::find(&tx, merchant, id).await?.ok_or_else(Problem::not_found)?;
        let is_scheduled = message.status == MessageStatus::Scheduled;
        let why = "Cancelled by hand before it was due.".to_owned();
        if is_scheduled && message::refused(&tx, &message, why, now).await.map_err(CreditError::into_db)? {
            tx.done(key.0.did(AuditAction::MessageCancel, &id), now);
        }
        let message = message::find(&tx, merchant, id).await?.ok_or_else(Problem::not_found)?;
        if message.status != MessageStatus::Cancelled {
            return Err(Problem::conflict("not_scheduled", "The message is not scheduled any more."));
        }
        let conversation = conversation::find(&tx, merchant, message.conversation_id).await?;
        tx.commit().await?;
        Ok(Json(MessageView::of(message, conversation.as_ref().and_then(|it| it.phone.as_ref()))))
    }

    /// List messages
    ///
    /// With `Accept: text/csv` returns all matches instead of a page.
    #[oai(path = "/messages", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        status: Query<Option<Several<MessageStatus>>>,
        /// Part of the text. 10,000 texts are searched at a time, so a page may be short or empty and still have a
        /// `next_cursor`.
        q: Query<Option<String>>,
        link_id: Query<Option<Text<LinkId>>>,
        /// Messages with a payment link of this order.
        order_id: Query<Option<Text<OrderId>>>,
        created_from: Query<Option<Moment>>,
        created_to: Query<Option<Moment>>,
        sort: Query<Option<Text<SortOrder>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<MessageId>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<MessageView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let asked = Asked::<MessageId>::new(limit.0, cursor.0);
        let search = MessageSearch {
            statuses: status.0.map_or_else(Vec::new, |several| several.0),
            text: q.0.filter(|text| !text.trim().is_empty()),
            link: link_id.0.map(Text::value),
            order: order_id.0.map(Text::value),
            created: period("created", created_from.0, created_to.0, &owner)?,
            place: asked.place(sort.0),
        };
        if is_csv_wanted(accept.0.as_deref()) {
            return Ok(Listing::Csv(message_list::csv_of(api.db.clone(), owner, search), "messages"));
        }
        let Found { rows, looked_to } = message::search(api.db.pool(), owner.id, search).await?;
        let conversations = rows.iter().map(|message| message.conversation_id);
        let phones = conversation::phones(api.db.pool(), conversations).await?;
        let pictures = picture::of_messages(api.db.pool(), rows.iter().map(|message| message.id)).await?;
        let view = |row: Message| {
            let phone = phones.get(&row.conversation_id);
            let pictures = pictures.get(&row.id).cloned().unwrap_or_default();
            Ok::<_, Problem>(MessageView::of(row, phone).with_pictures(pictures))
        };
        Ok(Listing::Page(asked.page_up_to(rows, looked_to, |row| row.id, view)?))
    }

    /// See a message
    #[oai(path = "/messages/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] message_id: Path<TextOf<MessageId>>,
    ) -> Result<Json<MessageView>, Problem> {
        let (pool, merchant) = (api.db.pool(), key.0.merchant);
        let message = message::find(pool, merchant, id(&message_id)?).await?.ok_or_else(Problem::not_found)?;
        let conversation = conversation::find(pool, merchant, message.conversation_id).await?;
        let pictures = picture::of_messages(pool, [message.id]).await?.remove(&message.id).unwrap_or_default();
        let phone = conversation.as_ref().and_then(|it| it.phone.as_ref());
        Ok(Json(MessageView::of(message, phone).with_pictures(pictures)))
    }

    /// A picture sent by a buyer
    ///
    /// The first one is 0. It is available once fetched from the carrier, until its message is erased.
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

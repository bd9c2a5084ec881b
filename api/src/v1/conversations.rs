//! `/v1/conversations`.

use domain::{ApiKeyId, ConversationId, MessageId, message::MessageStatus, phone::TextTimes};
use entity::{
    AuditAction, Conversation, Message, api_key,
    conversation::{self, Assigned, ConversationSearch, InboxPosition, Listed, Openness},
    list::{Found, Looks},
    message, picture,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::{Group, answers::NoContent, conversation_view::ConversationView, message_view::MessageView, send};
use crate::http::typed::{Limit, Text, TextOf};
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
    v1::command::{Answered, fingerprint},
};

pub(super) struct Conversations;

/// A text to a buyer.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Text")]
struct TextInput {
    /// The text.
    body: String,
}

/// The assignment of a conversation.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "ConversationAssignment", skip_serializing_if_is_none)]
struct AssignInput {
    /// The id of a key; absent to unassign.
    to: Option<Text<ApiKeyId>>,
}

/// Unread conversations.
#[derive(Debug, Object)]
#[oai(rename = "Unread")]
struct UnreadView {
    /// The number of conversations with unread messages of the buyer.
    conversations: u64,
}

#[OpenApi(tag = "Group::Conversations")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Conversations {
    /// Count unread conversations
    ///
    /// Cheap enough to call on every page.
    #[oai(path = "/conversations/unread", method = "get")]
    async fn unread(&self, api: Data<&Api>, key: Reader) -> Result<Json<UnreadView>, Problem> {
        let conversations = conversation::count_unread(api.db.pool(), key.0.merchant).await?;
        Ok(Json(UnreadView { conversations }))
    }

    /// List conversations
    ///
    /// Most recently active first.
    #[oai(path = "/conversations", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Part of the buyer's name or number, or of an order's search text. A whole phone number finds that buyer. A page may
        /// be short or empty and still have a `next_cursor`.
        q: Query<Option<String>>,
        /// Only open or only closed conversations; absent: both.
        status: Query<Option<Text<Openness>>>,
        /// Only conversations assigned to this key, or to `nobody`.
        assigned_to: Query<Option<Text<Assigned>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<TextOf<InboxPosition>>>,
    ) -> Result<Json<Page<ConversationView>>, Problem> {
        let asked = Asked::<InboxPosition>::parse(limit.0, cursor.0.as_deref())?;
        let search = ConversationSearch {
            text: q.0,
            openness: status.0.map(Text::value),
            assigned: assigned_to.0.map(Text::value),
            before: asked.before,
            limit: asked.fetch(),
            looks: Looks::default(),
        };
        let Found { rows: found, looked_to } = conversation::list(api.db.pool(), key.0.merchant, &search).await?;
        let last: Vec<&Message> = found.iter().filter_map(|row| row.last.as_ref()).collect();
        let (times, now) = (times_if_any_waits(&api, &key.0, &last).await?, api.clock.now());
        let view = |row: Listed| {
            let (phone, last) = (row.conversation.phone.as_ref(), row.last.as_ref());
            let told = phone.zip(last).zip(times.as_ref());
            let until = told.and_then(|((phone, last), times)| last.waits_until(phone, times, now));
            Ok::<_, Problem>(ConversationView::from(row).waiting_until(until))
        };
        Ok(Json(asked.page_up_to(found, looked_to, |row| InboxPosition::of(&row.conversation), view)?))
    }

    /// List a conversation's messages
    #[oai(path = "/conversations/:id/messages", method = "get")]
    async fn messages(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<MessageId>>>,
    ) -> Result<Json<Page<MessageView>>, Problem> {
        let asked = Asked::<MessageId>::new(limit.0, cursor.0);
        let conversation = find(&api, &key.0, &conversation_id).await?;
        let (pool, merchant) = (api.db.pool(), key.0.merchant);
        let found = message::of_conversation(pool, merchant, conversation.id, asked.before, asked.fetch()).await?;
        let pictures = picture::of_messages(pool, found.iter().map(|row| row.id)).await?;
        let texts: Vec<&Message> = found.iter().collect();
        let times = times_if_any_waits(&api, &key.0, &texts).await?;
        let now = api.clock.now();
        let view = |row: Message| {
            let pictures = pictures.get(&row.id).cloned().unwrap_or_default();
            let phone = conversation.phone.as_ref();
            let until = phone.zip(times.as_ref()).and_then(|(phone, times)| row.waits_until(phone, times, now));
            Ok::<_, Problem>(MessageView::of(row, phone).with_pictures(pictures).waiting_until(until))
        };
        Ok(Json(asked.page(found, |row| row.id, view)?))
    }

    /// See a conversation
    #[oai(path = "/conversations/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
    ) -> Result<Json<ConversationView>, Problem> {
        let conversation = find(&api, &key.0, &conversation_id).await?;
        seen(&api, &conversation).await
    }

    /// Assign a conversation
    ///
    /// Unassigned without `to`.
    #[oai(path = "/conversations/:id/assign", method = "post")]
    async fn assign(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
        input: JsonBody<AssignInput>,
    ) -> Result<Json<ConversationView>, Problem> {
        let conversation = find(&api, &key.0, &conversation_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let to = input.0.to.map(Text::value);
        if let Some(id) = to {
            let person = api_key::find_in_force(&tx, id, now).await?;
            if person.is_none_or(|person| person.merchant_id != key.0.merchant) {
                return Err(Problem::field("to", "is no key of yours that is in force"));
            }
        }
        if conversation::assign(&tx, &conversation, to).await? {
            let detail = to.map(|id| id.to_string());
            tx.done(key.0.did(AuditAction::ConversationAssign, &conversation.id).because(detail), now);
        }
        tx.commit().await?;
        seen(&api, &conversation).await
    }

    /// Close a conversation
    ///
    /// The conversation no longer waits for the merchant. The buyer's next message reopens it.
    #[oai(path = "/conversations/:id/close", method = "post")]
    async fn close(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
    ) -> Result<Json<ConversationView>, Problem> {
        set_closed(&api, &key.0, &conversation_id, true).await
    }

    /// Reopen a conversation
    #[oai(path = "/conversations/:id/reopen", method = "post")]
    async fn reopen(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
    ) -> Result<Json<ConversationView>, Problem> {
        set_closed(&api, &key.0, &conversation_id, false).await
    }

    /// Mark a conversation as read
    ///
    /// The buyer's messages up to now are no longer unread.
    #[oai(path = "/conversations/:id/read", method = "post")]
    async fn read(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
    ) -> Result<NoContent, Problem> {
        let conversation = find(&api, &key.0, &conversation_id).await?;
        let tx = api.db.begin().await?;
        conversation::note_read(&tx, &conversation, api.clock.now()).await?;
        tx.commit().await?;
        Ok(NoContent::NoContent)
    }

    /// Send a text to the buyer
    ///
    /// Costs credits like any message.
    #[oai(path = "/conversations/:id/messages", method = "post")]
    async fn write(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<TextInput>,
    ) -> Result<Answered<MessageView>, Problem> {
        let conversation = find(&api, &key.0, &conversation_id).await?;
        if conversation.phone.is_none() {
            return Err(Problem::conflict("purged", "The buyer's number was erased."));
        }
        let call = format!("POST messages {}", conversation.id);
        let fingerprint = fingerprint(&call, input.0.body.as_bytes());
        api.backlogs.check(&api.db, key.0.merchant, &api.quotas).await?;
        let _turn = api.turns.take(key.0.merchant).await?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, conversation, body) = (*api, &key.0, &conversation, &input.0.body);
            async move { send::accept_text(api, key, conversation, body, now).await }
        })
        .await
    }
}

/// When the merchant's automatic texts may be sent, if one of these texts may wait for the buyer's morning.
async fn times_if_any_waits(api: &Api, key: &Principal, texts: &[&Message]) -> Result<Option<TextTimes>, Problem> {
    let may_wait = texts.iter().any(|text| text.status == MessageStatus::Queued && text.origin.is_automatic());
    Ok(if may_wait { Some(key.owner(api).await?.text_times()) } else { None })
}

async fn set_closed(
    api: &Api,
    key: &Principal,
    conversation_id: &str,
    is_closed: bool,
) -> Result<Json<ConversationView>, Problem> {
    let conversation = find(api, key, conversation_id).await?;
    let now = api.clock.now();
    let tx = api.db.begin().await?;
    let (action, has_changed) = if is_closed {
        (AuditAction::ConversationClose, conversation::close(&tx, conversation.id, now).await?)
    } else {
        (AuditAction::ConversationReopen, conversation::reopen(&tx, conversation.id).await?)
    };
    if has_changed {
        tx.done(key.did(action, &conversation.id), now);
    }
    tx.commit().await?;
    seen(api, &conversation).await
}

/// The conversation in its current state.
async fn seen(api: &Api, conversation: &Conversation) -> Result<Json<ConversationView>, Problem> {
    let found = conversation::one(api.db.pool(), conversation.merchant_id, conversation.id).await?;
    found.map(|found| Json(found.into())).ok_or_else(Problem::not_found)
}

async fn find(api: &Api, key: &Principal, conversation_id: &str) -> Result<Conversation, Problem> {
    conversation::find(api.db.pool(), key.merchant, id(conversation_id)?).await?.ok_or_else(Problem::not_found)
}

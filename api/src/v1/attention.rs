//! `/v1/attention`: matters that need a person.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{AttentionId, ConversationId, LinkId, MerchantId, MessageId, OrderId, limits::LONGEST_NOTE, words};
use entity::{
    AuditAction,
    attention::{self, Attention, AttentionKind, AttentionSearch},
    conversation,
    link::{self, AskedFor},
    message,
    order::{self, OrderName},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Deserialize;

use super::Group;
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::{
        fields::Fields,
        json_body::OptionalJson,
        paging::{Asked, Page, id},
        typed::{Amount, CurrencyCode, Limit, Text, TextOf, described_words},
    },
};

pub(super) struct AttentionCalls;

/// A matter that needs a person, or needed one. It has the ids of everything it is about.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Attention", skip_serializing_if_is_none)]
pub(super) struct AttentionView {
    id: Text<AttentionId>,
    kind: Text<AttentionKind>,
    /// Details of the reason: which `review`, or that a refund failed (`refund_failed`); the status of a text; the
    /// problem of a connection; why a link is stuck (`close_failed`, `renewal_failed`); that a dispute was `lost`; the
    /// day on which evidence is erased.
    reason: Option<String>,
    link_id: Option<Text<LinkId>>,
    order_id: Option<Text<OrderId>>,
    /// The number of the order.
    order_number: Option<String>,
    /// The buyer of the order or the conversation.
    customer_name: Option<String>,
    /// The invoice number of the link.
    invoice_number: Option<String>,
    /// The amount of the link.
    amount: Option<Amount>,
    currency: Option<CurrencyCode>,
    /// The deadline for answering a `dispute` at Stripe; absent once it is answered or over, or if Stripe names no
    /// day. Not in the feed and in webhooks, where the link has it.
    respond_by: Option<DateTime<Utc>>,
    /// The beginning of the buyer's message, for an `unread_reply`.
    text: Option<String>,
    message_id: Option<Text<MessageId>>,
    conversation_id: Option<Text<ConversationId>>,
    opened_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    /// The key that resolved it, or `system` if there was nothing left to do.
    resolved_by: Option<String>,
    note: Option<String>,
}

/// How many characters of a message are shown.
const FIRST_WORDS: usize = 80;

/// The resources that matters are about, as far as they are not erased.
pub(super) struct MatterSubjects {
    orders: HashMap<OrderId, OrderName>,
    links: HashMap<LinkId, AskedFor>,
    buyers: HashMap<ConversationId, String>,
    replies: HashMap<MessageId, String>,
}

impl MatterSubjects {
    /// Loads the resources of these matters.
    pub(super) async fn read(
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        matters: &[Attention],
    ) -> Result<Self, DbErr> {
        let orders = matters.iter().filter_map(|matter| matter.order_id).collect();
        let links = matters.iter().filter_map(|matter| matter.link_id).collect();
        let conversations = matters.iter().filter_map(|matter| matter.conversation_id).collect();
        let is_reply = |matter: &&Attention| matter.kind == AttentionKind::UnreadReply;
        let replies = matters.iter().filter(is_reply).filter_map(|matter| matter.message_id).collect();
        let replies = message::find_all(db, merchant, replies).await?;
        Ok(Self {
            orders: order::names(db, merchant, orders).await?,
            links: link::asked_for(db, merchant, links).await?,
            buyers: conversation::names(db, merchant, conversations).await?,
            replies: replies.into_iter().filter_map(|reply| Some((reply.id, beginning(&reply.body?)))).collect(),
        })
    }
}

/// The beginning of a text.
fn beginning(text: &str) -> String {
    let first: String = text.chars().take(FIRST_WORDS).collect();
    if first.len() < text.len() { format!("{}…", first.trim_end()) } else { first }
}

impl AttentionView {
    /// As the feed has it: without what may change while the matter does not.
    pub(super) fn in_feed(self) -> Self {
        Self { respond_by: None, ..self }
    }

    /// A matter with its resources.
    pub(super) fn of(matter: Attention, subjects: &MatterSubjects) -> Result<Self, DbErr> {
        let order = matter.order_id.and_then(|order| subjects.orders.get(&order));
        let link = matter.link_id.and_then(|link| subjects.links.get(&link));
        let buyer = || matter.conversation_id.and_then(|conversation| subjects.buyers.get(&conversation)).cloned();
        let name = order.map(|order| order.customer_name.clone()).or_else(buyer).filter(|name| !name.is_empty());
        let money = link.map(AskedFor::money).transpose()?.flatten();
        Ok(Self {
            invoice_number: link.and_then(|link| link.invoice_number.clone()),
            amount: money.map(|money| money.to_decimal_string().into()),
            currency: money.map(|money| money.currency().as_str().into()),
            respond_by: link.filter(|_| matter.kind == AttentionKind::Dispute).and_then(AskedFor::dispute_due),
            text: matter.message_id.and_then(|reply| subjects.replies.get(&reply)).cloned(),
            id: Text(matter.id),
            kind: Text(matter.kind),
            reason: matter.reason,
            link_id: matter.link_id.map(Text),
            order_id: matter.order_id.map(Text),
            order_number: order.map(|order| order.number.clone()),
            customer_name: name,
            message_id: matter.message_id.map(Text),
            conversation_id: matter.conversation_id.map(Text),
            opened_at: matter.opened_at,
            resolved_at: matter.resolved_at,
            resolved_by: matter.resolved_by,
            note: matter.note,
        })
    }
}

words! {
    /// Whether a matter still needs a person.
    pub enum AttentionStatus {
        /// It needs a person.
        Open = "open",
        /// It was resolved.
        Resolved = "resolved",
    }
}

described_words!(AttentionStatus);

/// How a matter was resolved.
#[derive(Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Resolve {
    /// For your own records, in one line.
    note: Option<String>,
}

#[OpenApi(tag = "Group::Attention")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AttentionCalls {
    /// List what needs a person
    #[oai(path = "/attention", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Absent: `open`.
        status: Query<Option<Text<AttentionStatus>>>,
        /// Only matters of this kind.
        kind: Query<Option<Text<AttentionKind>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<AttentionId>>>,
    ) -> Result<Json<Page<AttentionView>>, Problem> {
        let asked = Asked::<AttentionId>::new(limit.0, cursor.0);
        let resolved = status.0.map(Text::value) == Some(AttentionStatus::Resolved);
        let kind = kind.0.map(Text::value);
        let search = AttentionSearch { resolved, kind, before: asked.before, limit: asked.fetch() };
        let (pool, merchant) = (api.db.pool(), key.0.merchant);
        let found = attention::search(pool, merchant, search).await?;
        let subjects = MatterSubjects::read(pool, merchant, &found).await?;
        let view = |matter: Attention| AttentionView::of(matter, &subjects).map_err(Problem::from);
        Ok(Json(asked.page(found, |matter| matter.id, view)?))
    }

    /// Resolve a matter that needs a person
    ///
    /// Does not change what the matter is about. Resolving it again is no error and changes nothing.
    #[oai(path = "/attention/:id/resolve", method = "post")]
    async fn resolve(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] attention_id: Path<TextOf<AttentionId>>,
        input: OptionalJson<Resolve>,
    ) -> Result<Json<AttentionView>, Problem> {
        let mut fields = Fields::default();
        let note = input.0.note.filter(|note| !note.trim().is_empty());
        let note = note.and_then(|note| fields.text("note", &note, LONGEST_NOTE));
        let (merchant, now, id) = (key.0.merchant, api.clock.now(), id(&attention_id)?);
        let tx = api.db.begin().await?;
        let matter = attention::find(&tx, merchant, id).await?.ok_or_else(Problem::not_found)?;
        fields.none_wrong()?;
        if attention::resolve(&tx, &matter, &key.0.key.to_string(), note.clone(), now).await? {
            tx.done(key.0.did(AuditAction::AttentionResolve, &matter.id).because(note), now);
        }
        let resolved = attention::find(&tx, merchant, id).await?.ok_or_else(Problem::not_found)?;
        let subjects = MatterSubjects::read(&tx, merchant, std::slice::from_ref(&resolved)).await?;
        tx.commit().await?;
        Ok(Json(AttentionView::of(resolved, &subjects)?))
    }
}

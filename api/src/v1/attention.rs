//! `/v1/attention`: matters that need a person.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{AttentionId, ConversationId, LinkId, MessageId, OrderId, words};
use entity::{
    AuditAction,
    attention::{self, Attention, AttentionKind, AttentionSearch},
    order::{self, OrderName},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::Group;
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::{
        fields::Fields,
        json_body::OptionalJson,
        paging::{Asked, Page, id},
        typed::{Limit, Text, TextOf, described_words},
    },
};

pub(super) struct AttentionCalls;

/// The longest note.
const LONGEST_NOTE: usize = 500;

/// Something that needs a person, or needed one. Of what it is about, the ids are there that it has.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Attention", skip_serializing_if_is_none)]
pub(super) struct AttentionView {
    id: Text<AttentionId>,
    kind: Text<AttentionKind>,
    /// More of why: of a `review` which, of a text its status, of a connection what is the matter, of a link that was made what does not
    /// get on (`close_failed`, `renewal_failed`), of a dispute that it was `lost`, of evidence the day on which it is erased.
    reason: Option<String>,
    link_id: Option<Text<LinkId>>,
    order_id: Option<Text<OrderId>>,
    /// The number of that order.
    order_number: Option<String>,
    /// The buyer of that order.
    customer_name: Option<String>,
    message_id: Option<Text<MessageId>>,
    conversation_id: Option<Text<ConversationId>>,
    opened_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    /// The key that resolved it; `system` if there was nothing left to do.
    resolved_by: Option<String>,
    note: Option<String>,
}

impl AttentionView {
    /// What needs a person, about this order if it is about one.
    pub(super) fn of(matter: Attention, order: Option<&OrderName>) -> Self {
        let name = order.map(|order| order.customer_name.clone()).filter(|name| !name.is_empty());
        Self {
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
        }
    }
}

words! {
    /// Whether it still needs a person.
    pub enum AttentionStatus {
        /// It does.
        Open = "open",
        /// It was seen to.
        Resolved = "resolved",
    }
}

described_words!(AttentionStatus);

/// How it was resolved.
#[derive(Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Resolve {
    /// For your own records.
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
        /// Only of this kind.
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
        let ids: BTreeSet<OrderId> = found.iter().filter_map(|matter| matter.order_id).collect();
        let orders = order::names(pool, merchant, ids).await?;
        let view = |matter: Attention| {
            let order = matter.order_id.and_then(|order| orders.get(&order));
            Ok::<_, Problem>(AttentionView::of(matter, order))
        };
        Ok(Json(asked.page(found, |matter| matter.id, view)?))
    }

    /// Note that something needs nobody any more
    ///
    /// Changes nothing of what it is about. To resolve it again is no error, and changes nothing.
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
        let order = order::names(&tx, merchant, resolved.order_id.into_iter().collect()).await?;
        tx.commit().await?;
        Ok(Json(AttentionView::of(resolved, order.values().next())))
    }
}

//! Opening matters.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{AttentionKind, note_changes};
use crate::{Message, Rows, Transaction, change::ChangeKind, link};
use domain::{AttentionId, ConversationId, LinkId, LinkState, MerchantId, MessageId, OrderId};

#[derive(Debug, Clone)]
pub(crate) struct Matter {
    merchant: MerchantId,
    kind: AttentionKind,
    subject: String,
    reason: Option<String>,
    link: Option<(LinkId, OrderId)>,
    message: Option<MessageId>,
    conversation: Option<ConversationId>,
}

impl Matter {
    /// A matter about a link.
    pub(crate) fn of_link(link: &link::Model, kind: AttentionKind, reason: Option<String>) -> Self {
        let subject = link.id.to_string();
        Self { link: Some((link.id, link.order_id)), ..Self::of_merchant(link.merchant_id, kind, &subject, reason) }
    }

    /// A matter about a message and the link it carries.
    fn of_message(message: &Message, link: Option<&link::Model>) -> Self {
        let reason = Some(message.status.to_string());
        let subject = message.id.to_string();
        Self {
            link: link.map(|link| (link.id, link.order_id)),
            message: Some(message.id),
            conversation: Some(message.conversation_id),
            ..Self::of_merchant(message.merchant_id, AttentionKind::TextNotDelivered, &subject, reason)
        }
    }

    /// A matter about a buyer's message.
    pub(crate) fn of_reply(reply: &Message) -> Self {
        let subject = reply.conversation_id.to_string();
        Self {
            message: Some(reply.id),
            conversation: Some(reply.conversation_id),
            ..Self::of_merchant(reply.merchant_id, AttentionKind::UnreadReply, &subject, None)
        }
    }

    /// A matter about the merchant as a whole.
    pub(crate) fn of_merchant(
        merchant: MerchantId,
        kind: AttentionKind,
        subject: &str,
        reason: Option<String>,
    ) -> Self {
        let subject = subject.to_owned();
        Self { merchant, kind, subject, reason, link: None, message: None, conversation: None }
    }
}

/// Opens matters. Ones that are already open stay as they are.
pub(crate) async fn open(tx: &Transaction, matters: Vec<Matter>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let mut rows = Rows::new([
        ("new_id", "uuid"),
        ("merchant", "uuid"),
        ("the_kind", "text"),
        ("the_subject", "text"),
        ("why", "text?"),
        ("link", "uuid?"),
        ("its_order", "uuid?"),
        ("message", "uuid?"),
        ("conversation", "uuid?"),
    ]);
    for matter in matters {
        rows.push([
            AttentionId::new(now).into(),
            matter.merchant.into(),
            matter.kind.into(),
            matter.subject.into(),
            matter.reason.into(),
            matter.link.map(|(link, _)| link).into(),
            matter.link.map(|(_, order)| order).into(),
            matter.message.into(),
            matter.conversation.into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO attention \
        (id, merchant_id, kind, subject, reason, link_id, order_id, message_id, conversation_id, opened_at) \
        SELECT new_id, merchant, the_kind, the_subject, why, link, its_order, message, conversation, {0} FROM v \
        WHERE true ON CONFLICT DO NOTHING RETURNING id, merchant_id";
    let opened = tx.query_all_raw(rows.statement(tx.get_database_backend(), insert, vec![now.into()])).await?;
    note_changes(tx, &opened, ChangeKind::AttentionOpened, now)
}

/// Opens a matter for a text that did not reach its buyer, unless its link is closed and the text no longer matters.
pub(crate) async fn open_undelivered(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<(), DbErr> {
    let link = match message.link_id {
        Some(id) => link::find(tx, message.merchant_id, id).await?,
        None => None,
    };
    if link.as_ref().is_some_and(|link| link.state != LinkState::Unpaid) {
        return Ok(());
    }
    open(tx, vec![Matter::of_message(message, link.as_ref())], now).await
}

//! A numbered change, as followers of a merchant see it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{About, ChangeKind};
use domain::{AttentionId, ConversationId, LinkId, MerchantId, MessageId, OrderId};

/// A change that was written and numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedChange {
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Its number among the merchant's changes, from 1.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What has happened.
    pub kind: ChangeKind,
    /// What it is about; see [`ChangeKind::about`].
    pub subject_id: Uuid,
    /// Of a link: the order that it is for, if that was known.
    pub order_id: Option<OrderId>,
    /// Of a message: where it was said.
    pub conversation_id: Option<ConversationId>,
    /// Of a message: the link that it carries.
    pub link_id: Option<LinkId>,
}

impl NumberedChange {
    /// The order that it is about.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        matches!(self.kind.about(), About::Order).then(|| OrderId::from_uuid(self.subject_id))
    }

    /// The link that it is about.
    #[must_use]
    pub fn link(&self) -> Option<LinkId> {
        matches!(self.kind.about(), About::Link).then(|| LinkId::from_uuid(self.subject_id))
    }

    /// The message that it is about.
    #[must_use]
    pub fn message(&self) -> Option<MessageId> {
        matches!(self.kind.about(), About::Message).then(|| MessageId::from_uuid(self.subject_id))
    }

    /// What needs a person, or needed one, that it is about.
    #[must_use]
    pub fn attention(&self) -> Option<AttentionId> {
        matches!(self.kind.about(), About::Attention).then(|| AttentionId::from_uuid(self.subject_id))
    }
}

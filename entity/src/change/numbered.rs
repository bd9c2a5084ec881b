//! A numbered change, as readers of the feed see it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ChangeKind, ChangeSubject};
use domain::{AttentionId, ConversationId, LinkId, MerchantId, MessageId, OrderId};

/// A change with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedChange {
    /// The merchant it belongs to.
    pub merchant_id: MerchantId,
    /// Its number among the merchant's changes, from 1.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: ChangeKind,
    /// The id of what changed; see [`ChangeKind::about`].
    pub subject_id: Uuid,
    /// For a link: its order, if known.
    pub order_id: Option<OrderId>,
    /// For a message: its conversation.
    pub conversation_id: Option<ConversationId>,
    /// For a message: the link it carries.
    pub link_id: Option<LinkId>,
}

impl NumberedChange {
    /// The order it is about.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        matches!(self.kind.about(), ChangeSubject::Order).then(|| OrderId::from_uuid(self.subject_id))
    }

    /// The link it is about.
    #[must_use]
    pub fn link(&self) -> Option<LinkId> {
        matches!(self.kind.about(), ChangeSubject::Link).then(|| LinkId::from_uuid(self.subject_id))
    }

    /// The message it is about.
    #[must_use]
    pub fn message(&self) -> Option<MessageId> {
        matches!(self.kind.about(), ChangeSubject::Message).then(|| MessageId::from_uuid(self.subject_id))
    }

    /// The matter it is about.
    #[must_use]
    pub fn attention(&self) -> Option<AttentionId> {
        matches!(self.kind.about(), ChangeSubject::Attention).then(|| AttentionId::from_uuid(self.subject_id))
    }
}

//! The row of a change.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use uuid::Uuid;

use super::{About, Change, ChangeKind};
use crate::Rows;
use domain::{AttentionId, ConversationId, LinkId, MerchantId, MessageId, OrderId};

/// How many rows one statement writes: `SQLite` takes 32,766 parameters.
const A_STATEMENT: usize = 1_000;

/// A change that was written, and numbered unless `seq` is absent.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    /// In the order in which changes follow from each other; with gaps.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Its number among the merchant's changes, from 1.
    pub seq: Option<i64>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What has happened.
    pub kind: ChangeKind,
    /// What it is about; see [`ChangeKind::about`].
    pub subject_id: Uuid,
    /// Of a link: the order that it is for.
    pub order_id: Option<OrderId>,
    /// Of a message: where it was said.
    pub conversation_id: Option<ConversationId>,
    /// Of a message: the link that it carries.
    pub link_id: Option<LinkId>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
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

/// Every kind that is about this.
pub fn kinds_of(about: About) -> impl Iterator<Item = ChangeKind> {
    ChangeKind::ALL.iter().copied().filter(move |kind| kind.about() == about)
}

/// Writes the changes of a transaction, in their order. The order of a link that only its id is known of is looked up.
pub(crate) async fn insert_all(db: &impl ConnectionTrait, changes: &[Change]) -> Result<(), DbErr> {
    for changes in changes.chunks(A_STATEMENT) {
        let mut rows = Rows::new([
            ("place", "bigint"),
            ("merchant", "uuid"),
            ("at", "timestamptz"),
            ("kind", "text"),
            ("subject", "uuid"),
            ("of_order", "uuid?"),
            ("of_conversation", "uuid?"),
            ("of_link", "uuid?"),
        ]);
        for (place, change) in (0_i64..).zip(changes) {
            rows.push([
                place.into(),
                change.merchant.into(),
                change.at.into(),
                change.kind.into(),
                change.subject.into(),
                change.order.into(),
                change.conversation.into(),
                change.link.into(),
            ]);
        }
        let needs_order = |change: &Change| change.kind.about() == About::Link && change.order.is_none();
        let order = if changes.iter().any(needs_order) {
            "COALESCE(of_order, (SELECT payment_link.order_id FROM payment_link WHERE payment_link.id = subject))"
        } else {
            "of_order"
        };
        let insert = format!(
            "INSERT INTO change (merchant_id, at, kind, subject_id, order_id, conversation_id, link_id) \
            SELECT merchant, at, kind, subject, {order}, of_conversation, of_link FROM v ORDER BY place"
        );
        db.execute_raw(rows.statement(db.get_database_backend(), &insert, Vec::new())).await?;
    }
    Ok(())
}

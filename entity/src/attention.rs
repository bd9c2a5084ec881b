//! Matters that need a person. A matter is opened in the transaction that causes it, and resolved by a person, or
//! automatically once there is nothing left to do.

mod open;
mod resolve;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, QueryResult, QuerySelect, entity::prelude::*};

pub(crate) use open::{Matter, open, open_undelivered};
pub use resolve::{forget_low_credit, resolve};
pub(crate) use resolve::{resolve_by_itself, resolve_closed, resolve_delivered, resolve_reason, resolve_wanted};

use crate::{
    Transaction, audit,
    change::{Change, ChangeKind},
};
use domain::{AttentionId, ConversationId, LinkId, MerchantId, MessageId, OrderId, words};

words! {
    /// Why something needs a person.
    pub enum AttentionKind {
        /// A payment that was late or double, or has the wrong amount, currency or mode.
        Review = "review",
        /// The buyer's bank demands the money back.
        Dispute = "dispute",
        /// A link that could not be created, or is stuck because Stripe refuses to close or renew it.
        LinkFailed = "link_failed",
        /// A text that did not reach the buyer, or may not have.
        TextNotDelivered = "text_not_delivered",
        /// The buyer does not recognise a link.
        Unrecognised = "unrecognised",
        /// An unread message of the buyer.
        UnreadReply = "unread_reply",
        /// Stripe rejects the key, or its webhooks do not arrive.
        StripeConnection = "stripe_connection",
        /// Fewer credits are left than the merchant's warning threshold.
        LowCredit = "low_credit",
        /// The buyer of a closed link asks for a new one.
        LinkWanted = "link_wanted",
        /// The evidence of a dispute will soon be erased with its link.
        EvidenceExpiring = "evidence_expiring",
    }
}

/// A matter that needs a person, or needed one.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attention")]
pub struct Model {
    /// The id of the matter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttentionId,
    /// The matter's merchant.
    pub merchant_id: MerchantId,
    /// Why it needs a person.
    pub kind: AttentionKind,
    /// What it is about. At most one matter of each kind and subject is open.
    pub subject: String,
    /// The reason as a word: a review, a message's status, a connection's health.
    pub reason: Option<String>,
    /// The link it is about.
    pub link_id: Option<LinkId>,
    /// The order it is about.
    pub order_id: Option<OrderId>,
    /// The message it is about.
    pub message_id: Option<MessageId>,
    /// The conversation it is about.
    pub conversation_id: Option<ConversationId>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who resolved it: an API key, or `system`.
    pub resolved_by: Option<String>,
    /// The note of the person who resolved it; erased after 90 days.
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Attention;

/// Adds these matters to the change feed.
fn note_changes(tx: &Transaction, matters: &[QueryResult], kind: ChangeKind, now: DateTime<Utc>) -> Result<(), DbErr> {
    for row in matters {
        let (id, merchant): (AttentionId, MerchantId) = (row.try_get("", "id")?, row.try_get("", "merchant_id")?);
        tx.changed(Change::attention(kind, merchant, id.uuid(), now));
    }
    Ok(())
}

/// The merchant's matter with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: AttentionId,
) -> Result<Option<Attention>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The merchant's matters with these ids.
pub async fn find_all(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<AttentionId>,
) -> Result<Vec<Attention>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant)).all(db).await
}

/// Filters of a list of matters.
#[derive(Debug, Clone, Default)]
pub struct AttentionSearch {
    /// Lists resolved matters instead of open ones.
    pub resolved: bool,
    /// The kind of matters.
    pub kind: Option<AttentionKind>,
    /// Only matters older than this one: the cursor.
    pub before: Option<AttentionId>,
    /// The size of the page.
    pub limit: u64,
}

/// A page of the merchant's matters, newest first.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: AttentionSearch,
) -> Result<Vec<Attention>, DbErr> {
    let is_open = Column::ResolvedAt.is_null();
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(if search.resolved {
        Column::ResolvedAt.is_not_null()
    } else {
        is_open
    });
    if let Some(kind) = search.kind {
        query = query.filter(Column::Kind.eq(kind));
    }
    if let Some(before) = search.before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(search.limit).all(db).await
}

/// Erases the notes on a link's matters.
pub(crate) async fn erase_notes(db: &impl ConnectionTrait, link: LinkId) -> Result<(), DbErr> {
    erase(db, Column::LinkId.eq(link)).await.map(|_| ())
}

/// Erases the notes on a conversation's matters.
pub(crate) async fn erase_notes_in(db: &impl ConnectionTrait, conversation: ConversationId) -> Result<(), DbErr> {
    erase(db, Column::ConversationId.eq(conversation)).await.map(|_| ())
}

/// Erases the notes on matters that were opened before `cutoff`. Returns how many.
pub async fn erase_notes_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    erase(db, Column::OpenedAt.lte(cutoff)).await
}

/// Also erases the notes' copies in the audit log.
async fn erase(db: &impl ConnectionTrait, which: Expr) -> Result<u64, DbErr> {
    let erased = Entity::update_many()
        .col_expr(Column::Note, Expr::value(Option::<String>::None))
        .filter(Column::Note.is_not_null())
        .filter(which)
        .exec_with_returning(db)
        .await?;
    if !erased.is_empty() {
        audit::erase_details_of(db, erased.iter().map(|matter| matter.id.to_string())).await?;
    }
    Ok(erased.len() as u64)
}

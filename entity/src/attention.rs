//! Matters that need a person. A matter is opened in the transaction that causes it, and resolved by a person, or
//! automatically once there is nothing left to do.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, QueryOrder, QueryResult, QuerySelect, entity::prelude::*};

use crate::{
    Message, Rows, Transaction, audit,
    change::{Change, ChangeKind},
    link,
};
use domain::{AttentionId, ConversationId, LinkId, LinkState, MerchantId, MessageId, OrderId, words};

/// The resolver of matters that were resolved automatically.
const SYSTEM: &str = "system";

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
    /// The merchant that owns it.
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
    /// Who resolved it: an API key, or [`SYSTEM`].
    pub resolved_by: Option<String>,
    /// The note of the person who resolved it; erased after 90 days.
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Attention;

/// A matter to open.
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
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Adds these matters to the change feed.
fn note_changes(tx: &Transaction, matters: &[QueryResult], kind: ChangeKind, now: DateTime<Utc>) -> Result<(), DbErr> {
    for row in matters {
        let (id, merchant): (AttentionId, MerchantId) = (row.try_get("", "id")?, row.try_get("", "merchant_id")?);
        tx.changed(Change::attention(kind, merchant, id.uuid(), now));
    }
    Ok(())
}

/// Opens a matter for a text that did not reach its buyer, unless its link is closed and the text no longer matters.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Resolves the open matters of texts with the same link, or of this text, because it was delivered.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn resolve_delivered(tx: &Transaction, message: &Message, now: DateTime<Utc>) -> Result<(), DbErr> {
    let of_it = match message.link_id {
        Some(link) => Column::LinkId.eq(link),
        None => Column::MessageId.eq(message.id),
    };
    let which = of_it.and(Column::Kind.eq(AttentionKind::TextNotDelivered));
    resolve_where(tx, message.merchant_id, which, now).await
}

/// Resolves the open matter of this kind and subject.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn resolve_by_itself(
    tx: &Transaction,
    merchant: MerchantId,
    kind: AttentionKind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    resolve_where(tx, merchant, Column::Kind.eq(kind).and(Column::Subject.eq(subject)), now).await
}

/// Resolves the open matter of this kind about the link, if this is its reason.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn resolve_reason(
    tx: &Transaction,
    link: &link::Model,
    (kind, reason): (AttentionKind, &str),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let of_link = Column::Kind.eq(kind).and(Column::Subject.eq(link.id.to_string()));
    resolve_where(tx, link.merchant_id, of_link.and(Column::Reason.eq(reason)), now).await
}

/// Resolves the low-credit matter because the threshold has changed; the next ledger entry checks it again.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn forget_low_credit(tx: &Transaction, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    resolve_where(tx, merchant, Column::Kind.eq(AttentionKind::LowCredit), now).await
}

/// Resolves matters that a new link of this order settles: links that could not be created, and requests for a new one.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn resolve_wanted(
    tx: &Transaction,
    merchant: MerchantId,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let kinds = [AttentionKind::LinkFailed, AttentionKind::LinkWanted];
    resolve_where(tx, merchant, Column::OrderId.eq(order).and(Column::Kind.is_in(kinds)), now).await
}

async fn resolve_where(tx: &Transaction, merchant: MerchantId, which: Expr, now: DateTime<Utc>) -> Result<(), DbErr> {
    let resolved = Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now))
        .col_expr(Column::ResolvedBy, Expr::value(SYSTEM))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ResolvedAt.is_null())
        .filter(which)
        .exec_with_returning(tx)
        .await?;
    for matter in resolved {
        tx.changed(Change::attention(ChangeKind::AttentionResolved, merchant, matter.id.uuid(), now));
    }
    Ok(())
}

/// Resolves matters that closing a link settles: undelivered texts, links that buyers do not recognise, and links that
/// are stuck.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn resolve_closed(
    tx: &Transaction,
    closed: impl Iterator<Item = &link::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("the_link", "uuid")]);
    closed.for_each(|link| rows.push([link.id.into()]));
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE attention SET resolved_at = {0}, resolved_by = 'system' FROM v \
        WHERE link_id = the_link AND resolved_at IS NULL AND kind IN ('text_not_delivered', 'unrecognised', 'link_failed') \
        RETURNING id, merchant_id";
    let resolved = tx.query_all_raw(rows.statement(tx.get_database_backend(), update, vec![now.into()])).await?;
    note_changes(tx, &resolved, ChangeKind::AttentionResolved, now)
}

/// The merchant's matter with this id.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: AttentionId,
) -> Result<Option<Attention>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The merchant's matters with these ids.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Resolves a matter. Returns `false` if it is already resolved.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn resolve(
    tx: &Transaction,
    matter: &Attention,
    by: &str,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let resolved = Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now))
        .col_expr(Column::ResolvedBy, Expr::value(by))
        .col_expr(Column::Note, Expr::value(note))
        .filter(Column::Id.eq(matter.id))
        .filter(Column::MerchantId.eq(matter.merchant_id))
        .filter(Column::ResolvedAt.is_null())
        .exec(tx)
        .await?;
    if resolved.rows_affected == 0 {
        return Ok(false);
    }
    tx.changed(Change::attention(ChangeKind::AttentionResolved, matter.merchant_id, matter.id.uuid(), now));
    Ok(true)
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
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
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

//! What needs a person: opened by whoever writes what it is about, in the same transaction, and resolved by a person, or by itself
//! once there is nothing left to do.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict};

use crate::{Message, Rows, link};
use domain::{AttentionId, ConversationId, LinkId, LinkState, MerchantId, MessageId, OrderId, words};

/// Who resolves what has resolved itself.
pub const SYSTEM: &str = "system";

words! {
    /// Why something needs a person.
    pub enum AttentionKind {
        /// A payment that came too late, twice, or wrong.
        Review = "review",
        /// The buyer's bank asks for the money back.
        Dispute = "dispute",
        /// A link that could not be made.
        LinkFailed = "link_failed",
        /// A text that did not reach the buyer, or of which nobody knows whether it did.
        TextNotDelivered = "text_not_delivered",
        /// The buyer does not know what a link is for.
        Unrecognised = "unrecognised",
        /// The buyer has written, and nobody has read it.
        UnreadReply = "unread_reply",
        /// Stripe does not take the key, or its webhooks do not arrive.
        StripeConnection = "stripe_connection",
        /// Fewer credits are left than the merchant wants to be warned of.
        LowCredit = "low_credit",
        /// The buyer of a closed link asks for a new one.
        LinkWanted = "link_wanted",
    }
}

/// Something that needs a person, or needed one.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attention")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttentionId,
    /// Whose.
    pub merchant_id: MerchantId,
    /// Why.
    pub kind: AttentionKind,
    /// What it is about: of one kind and subject at most one is open.
    pub subject: String,
    /// More of why, as a word: a review, a message's status, a connection's health.
    pub reason: Option<String>,
    /// The link that it is about.
    pub link_id: Option<LinkId>,
    /// The order that it is about.
    pub order_id: Option<OrderId>,
    /// The message that it is about.
    pub message_id: Option<MessageId>,
    /// The conversation that it is about.
    pub conversation_id: Option<ConversationId>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// Until when.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who resolved it: an API key, or [`SYSTEM`].
    pub resolved_by: Option<String>,
    /// What they noted about it; erased after 90 days.
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Attention;

/// Something that is to be looked at.
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
    /// About a link.
    pub(crate) fn of_link(link: &link::Model, kind: AttentionKind, reason: Option<String>) -> Self {
        let subject = link.id.to_string();
        Self { link: Some((link.id, link.order_id)), ..Self::of_merchant(link.merchant_id, kind, &subject, reason) }
    }

    /// About a message, and the link that it carries.
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

    /// About what a buyer has written.
    pub(crate) fn of_reply(reply: &Message) -> Self {
        let subject = reply.conversation_id.to_string();
        Self {
            message: Some(reply.id),
            conversation: Some(reply.conversation_id),
            ..Self::of_merchant(reply.merchant_id, AttentionKind::UnreadReply, &subject, None)
        }
    }

    /// About the merchant as a whole.
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

/// Opens matters; one that is open already stays as it is.
///
/// # Errors
/// When the database refuses or does not answer.
pub(crate) async fn open(db: &impl ConnectionTrait, matters: Vec<Matter>, now: DateTime<Utc>) -> Result<(), DbErr> {
    if matters.is_empty() {
        return Ok(());
    }
    let row = |matter: Matter| ActiveModel {
        id: Set(AttentionId::new(now)),
        merchant_id: Set(matter.merchant),
        kind: Set(matter.kind),
        subject: Set(matter.subject),
        reason: Set(matter.reason),
        link_id: Set(matter.link.map(|(link, _)| link)),
        order_id: Set(matter.link.map(|(_, order)| order)),
        message_id: Set(matter.message),
        conversation_id: Set(matter.conversation),
        opened_at: Set(now),
        resolved_at: Set(None),
        resolved_by: Set(None),
        note: Set(None),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    Entity::insert_many(matters.into_iter().map(row)).on_conflict(once).exec_without_returning(db).await.map(|_| ())
}

/// Opens the matter of a text that did not reach its buyer, unless nobody waits for it any more: its link is closed.
///
/// # Errors
/// When the database refuses or does not answer.
pub(crate) async fn open_undelivered(
    db: &impl ConnectionTrait,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let link = match message.link_id {
        Some(id) => link::find(db, message.merchant_id, id).await?,
        None => None,
    };
    if link.as_ref().is_some_and(|link| link.state != LinkState::Unpaid) {
        return Ok(());
    }
    open(db, vec![Matter::of_message(message, link.as_ref())], now).await
}

/// Resolves what was open of texts with the same link, or of this text: it has arrived.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn resolve_delivered(
    db: &impl ConnectionTrait,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let of_it = match message.link_id {
        Some(link) => Column::LinkId.eq(link),
        None => Column::MessageId.eq(message.id),
    };
    let which = of_it.and(Column::Kind.eq(AttentionKind::TextNotDelivered));
    resolve_where(db, message.merchant_id, which, now).await
}

/// Resolves what was open of this kind and subject.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn resolve_by_itself(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    kind: AttentionKind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    resolve_where(db, merchant, Column::Kind.eq(kind).and(Column::Subject.eq(subject)), now).await
}

/// Resolves that credits are low: what counts as low has changed, and is judged anew by the next entry of the ledger.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_low_credit(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    resolve_where(db, merchant, Column::Kind.eq(AttentionKind::LowCredit), now).await
}

/// Resolves that links of this order could not be made: there is a new one.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn resolve_wanted(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let kinds = [AttentionKind::LinkFailed, AttentionKind::LinkWanted];
    resolve_where(db, merchant, Column::OrderId.eq(order).and(Column::Kind.is_in(kinds)), now).await
}

async fn resolve_where(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    which: Expr,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now))
        .col_expr(Column::ResolvedBy, Expr::value(SYSTEM))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::ResolvedAt.is_null())
        .filter(which)
        .exec(db)
        .await
        .map(|_| ())
}

/// Resolves what nobody has to do any more of links that are closed: their texts need not arrive, and nobody has to explain them.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn resolve_closed(
    db: &impl ConnectionTrait,
    closed: impl Iterator<Item = &link::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("the_link", "uuid")]);
    closed.for_each(|link| rows.push([link.id.into()]));
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE attention SET resolved_at = {0}, resolved_by = 'system' FROM v \
        WHERE link_id = the_link AND resolved_at IS NULL AND kind IN ('text_not_delivered', 'unrecognised')";
    db.execute_raw(rows.statement(db.get_database_backend(), update, vec![now.into()])).await.map(|_| ())
}

/// The merchant's matter.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: AttentionId,
) -> Result<Option<Attention>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// Resolves a matter; `false` if it is resolved already.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn resolve(
    db: &impl ConnectionTrait,
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
        .exec(db)
        .await?;
    Ok(resolved.rows_affected == 1)
}

/// What a list of matters is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct AttentionSearch {
    /// Those that are resolved, and not those that are open.
    pub resolved: bool,
    /// Of this kind.
    pub kind: Option<AttentionKind>,
    /// Only matters older than this one: the cursor.
    pub before: Option<AttentionId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of the merchant's matters, newest first.
///
/// # Errors
/// When the database does not answer.
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

/// Erases what was noted about a link's matters.
pub(crate) async fn erase_notes(db: &impl ConnectionTrait, link: LinkId) -> Result<(), DbErr> {
    erase(db, Column::LinkId.eq(link)).await.map(|_| ())
}

/// Erases what was noted about a conversation's matters.
pub(crate) async fn erase_notes_in(db: &impl ConnectionTrait, conversation: ConversationId) -> Result<(), DbErr> {
    erase(db, Column::ConversationId.eq(conversation)).await.map(|_| ())
}

/// Erases what was noted about matters that were opened before `cutoff`; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn erase_notes_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    erase(db, Column::OpenedAt.lte(cutoff)).await
}

async fn erase(db: &impl ConnectionTrait, which: Expr) -> Result<u64, DbErr> {
    Entity::update_many()
        .col_expr(Column::Note, Expr::value(Option::<String>::None))
        .filter(Column::Note.is_not_null())
        .filter(which)
        .exec(db)
        .await
        .map(|result| result.rows_affected)
}

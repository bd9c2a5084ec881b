//! Events reported by Stripe and carriers: stored before they are acknowledged, applied by a job, deleted after 90
//! days.

mod conclude;
mod insert;
mod of_buyer;
pub mod outcome;
mod pending;
mod replay;
mod search;

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, FromQueryResult, QueryOrder, QuerySelect, entity::prelude::*};

pub use conclude::{AppliedMeanwhile, Conclusion, conclude};
pub use insert::{NewEvent, store};
pub(crate) use of_buyer::erase_payloads_with;
pub use pending::{PendingEvent, PendingSearch, first_between, pending, pending_since, search_pending};
pub use replay::{EventSpan, ReplayRefusal, set_back, to_replay};
pub use search::{WebhookEventSearch, search, search_among, search_many, search_newest};

use crate::{Rows, list::first_id};
use domain::{LinkId, MerchantId, WebhookEventId, words};

words! {
    /// Who sent a webhook event.
    pub enum Source {
        /// Stripe.
        Stripe = "stripe",
        /// The carrier.
        Sms = "sms",
    }
}

words! {
    /// The state of an event.
    pub enum EventState {
        /// Stored, and waiting for its job.
        Received = "received",
        /// It was applied.
        Applied = "applied",
        /// Not relevant to us; recorded nevertheless.
        Ignored = "ignored",
        /// It could not be applied; `error` says why.
        Failed = "failed",
    }
}

/// An event received by webhook.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_event")]
pub struct Model {
    /// The id of the event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEventId,
    /// The merchant that received it.
    pub merchant_id: MerchantId,
    /// Whether Stripe or the carrier sent it.
    pub source: Source,
    /// The sender's id of the event, which is stored once.
    pub external_id: String,
    /// The sender's type of the event.
    pub kind: String,
    /// The body as received; erased with the link or after 90 days.
    pub payload: Option<String>,
    /// The state. In this row only if an earlier version concluded it; see [`outcome`].
    pub state: EventState,
    /// Why it could not be applied.
    pub error: Option<String>,
    /// The link it is about.
    pub link_id: Option<LinkId>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// When it was applied.
    pub applied_at: Option<DateTime<Utc>>,
    /// The trace of the request that brought it, in the W3C Trace Context format.
    pub traceparent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as WebhookEvent;

/// The merchant's event with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: WebhookEventId,
) -> Result<Option<WebhookEvent>, DbErr> {
    let event = Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant));
    Ok(outcome::with_outcome(event).one(db).await?.map(outcome::merged))
}

/// The part of an event that applying it needs.
#[derive(Debug, FromQueryResult)]
pub struct ReceivedEvent {
    /// The id of the event.
    pub id: WebhookEventId,
    /// The merchant that received it.
    pub merchant_id: MerchantId,
    /// The sender's type of the event.
    pub kind: String,
    /// The body as received, unless it was erased.
    pub payload: Option<String>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
}

/// The existing ones of these events, each of the given merchant.
pub async fn find_all(
    db: &impl ConnectionTrait,
    events: &[(MerchantId, WebhookEventId)],
) -> Result<Vec<ReceivedEvent>, DbErr> {
    let mut rows = Rows::new([("the_merchant", "uuid"), ("the_event", "uuid")]);
    for (merchant, event) in events {
        rows.push([(*merchant).into(), (*event).into()]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT id, merchant_id, kind, payload, received_at FROM v \
        JOIN webhook_event ON id = the_event AND merchant_id = the_merchant";
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), select, Vec::new())).await?;
    found.iter().map(|row| ReceivedEvent::from_query_result(row, "")).collect()
}

/// Erases the payloads of events about a link.
pub async fn erase_payloads(db: &impl ConnectionTrait, merchant: MerchantId, link: LinkId) -> Result<(), DbErr> {
    let is_theirs = Column::MerchantId.eq(merchant);
    erase(db, is_theirs.clone().and(Column::Id.in_subquery(outcome::about(link)))).await?;
    // Also events that an earlier version concluded.
    erase(db, is_theirs.and(Column::LinkId.eq(link))).await.map(|_| ())
}

/// The longest payload that is kept after the event was applied: many times what Stripe sends about a payment.
pub const LONGEST_KEPT: usize = 64 * 1024;

/// Erases the payloads of these events, each of the given merchant, which are too long to keep: few, if any.
pub async fn erase_longest(db: &impl ConnectionTrait, events: &[(MerchantId, WebhookEventId)]) -> Result<(), DbErr> {
    for (merchant, event) in events {
        erase(db, Column::MerchantId.eq(*merchant).and(Column::Id.eq(*event))).await?;
    }
    Ok(())
}

/// Erases all payloads from before `cutoff`. Returns how many.
pub async fn erase_payloads_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    erase(db, Column::ReceivedAt.lte(cutoff)).await
}

/// Deletes the merchant's oldest events from before `cutoff`, at most this many, with their outcomes. Returns how many.
///
/// No sender tells of an event as long afterwards, and what an event has told once changes nothing again. An event
/// without an outcome stays: its job is paused or was retried, and still asks for it.
pub async fn forget_before(
    tx: &impl ConnectionTrait,
    merchant: MerchantId,
    cutoff: DateTime<Utc>,
    at_most: u64,
) -> Result<u64, DbErr> {
    let old: Vec<WebhookEventId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::MerchantId.eq(merchant).and(Column::Id.lt(first_id(cutoff))))
        .filter(outcome::is_there())
        .order_by_asc(Column::Id)
        .limit(at_most)
        .into_tuple()
        .all(tx)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    outcome::Entity::delete_many().filter(outcome::Column::EventId.is_in(old.iter().copied())).exec(tx).await?;
    // The index of ids is one of each merchant's.
    let are_old = Column::MerchantId.eq(merchant).and(Column::Id.is_in(old));
    Ok(Entity::delete_many().filter(are_old).exec(tx).await?.rows_affected)
}

async fn erase(db: &impl ConnectionTrait, which: Expr) -> Result<u64, DbErr> {
    Entity::update_many()
        .col_expr(Column::Payload, Expr::value(Option::<String>::None))
        .filter(Column::Payload.is_not_null())
        .filter(which)
        .exec(db)
        .await
        .map(|result| result.rows_affected)
}

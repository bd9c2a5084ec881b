//! Events reported by Stripe and carriers: stored before they are acknowledged, applied by a job, kept for 90 days.

mod conclude;
mod insert;
pub mod outcome;
mod replay;
mod search;

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, FromQueryResult, entity::prelude::*};

pub use conclude::{Conclusion, conclude};
pub use insert::{NewEvent, insertion};
pub use replay::{EventSpan, ReplayRefusal, set_back, to_replay};
pub use search::{WebhookEventSearch, search, search_among, search_newest};

use crate::{Rows, contains};
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
    /// What became of an event.
    pub enum EventState {
        /// It is stored and waits for its job.
        Received = "received",
        /// It was applied.
        Applied = "applied",
        /// It means nothing to us; recorded all the same.
        Ignored = "ignored",
        /// It could not be applied; `error` says why.
        Failed = "failed",
    }
}

/// An event that came in by webhook.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_event")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEventId,
    /// Whom it was told to.
    pub merchant_id: MerchantId,
    /// Whether Stripe or the carrier sent it.
    pub source: Source,
    /// The sender's id of it; the second of the same is not stored.
    pub external_id: String,
    /// The sender's word for what happened.
    pub kind: String,
    /// The body as it came; erased with the link or after 90 days.
    pub payload: Option<String>,
    /// What became of it: in the row only if a version before has concluded it. See [`outcome`].
    pub state: EventState,
    /// Why it could not be applied.
    pub error: Option<String>,
    /// The link it was about.
    pub link_id: Option<LinkId>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it was applied.
    pub applied_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as WebhookEvent;

/// The merchant's event.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: WebhookEventId,
) -> Result<Option<WebhookEvent>, DbErr> {
    let event = Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant));
    Ok(outcome::with_outcome(event).one(db).await?.map(outcome::merged))
}

/// Those of the events that there are, each of the merchant that is named beside it, as they came: without what became of them.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_all(
    db: &impl ConnectionTrait,
    events: &[(MerchantId, WebhookEventId)],
) -> Result<Vec<WebhookEvent>, DbErr> {
    let mut rows = Rows::new([("the_merchant", "uuid"), ("the_event", "uuid")]);
    for (merchant, event) in events {
        rows.push([(*merchant).into(), (*event).into()]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT webhook_event.* FROM v JOIN webhook_event ON id = the_event AND merchant_id = the_merchant";
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), select, Vec::new())).await?;
    found.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// Erases what was told about a link.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn erase_payloads(db: &impl ConnectionTrait, merchant: MerchantId, link: LinkId) -> Result<(), DbErr> {
    let is_theirs = Column::MerchantId.eq(merchant);
    erase(db, is_theirs.clone().and(Column::Id.in_subquery(outcome::about(link)))).await?;
    // What a version before has concluded.
    erase(db, is_theirs.and(Column::LinkId.eq(link))).await.map(|_| ())
}

/// The longest content of an event that is kept once it was applied: many times what Stripe says of a payment.
pub const LONGEST_KEPT: usize = 64 * 1024;

/// Erases the contents of these events, which are longer than is kept.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn erase_longest(db: &impl ConnectionTrait, events: Vec<WebhookEventId>) -> Result<(), DbErr> {
    if events.is_empty() {
        return Ok(());
    }
    erase(db, Column::Id.is_in(events)).await.map(|_| ())
}

/// Erases what was told before `cutoff`, whatever it was about; answers how many.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn erase_payloads_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    erase(db, Column::ReceivedAt.lte(cutoff)).await
}

/// Erases what carriers told with these digits in it, as far as it was applied.
pub(crate) async fn erase_payloads_with(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    digits: &str,
) -> Result<(), DbErr> {
    let is_theirs = Column::MerchantId.eq(merchant).and(Column::Source.eq(Source::Sms));
    erase(db, is_theirs.and(outcome::is_there()).and(contains(Column::Payload, digits))).await.map(|_| ())
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

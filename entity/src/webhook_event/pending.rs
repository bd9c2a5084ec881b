//! Events that wait to be applied.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select, entity::prelude::*, sea_query::ExprTrait,
};

use super::{Column, Entity, EventState, Source, outcome};
use crate::{Rows, list::first_id};
use domain::{MerchantId, WebhookEventId};

/// An event that waits to be applied, without its content.
#[derive(Debug, Clone, FromQueryResult)]
pub struct PendingEvent {
    /// The id of the event.
    pub id: WebhookEventId,
    /// The merchant that received it.
    pub merchant_id: MerchantId,
    /// Whether Stripe or the carrier sent it.
    pub source: Source,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// The trace of the request that brought it.
    pub traceparent: Option<String>,
}

/// Those of these events, each of the given merchant, that wait to be applied.
///
/// Raw SQL: one statement looks up any number of rows.
pub async fn pending(
    db: &impl ConnectionTrait,
    events: &[(MerchantId, WebhookEventId)],
) -> Result<Vec<PendingEvent>, DbErr> {
    let mut rows = Rows::new([("the_merchant", "uuid"), ("the_event", "uuid"), ("is_state", "text")]);
    for (merchant, event) in events {
        rows.push([(*merchant).into(), (*event).into(), EventState::Received.into()]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT id, webhook_event.merchant_id, source, received_at, traceparent FROM v \
        JOIN webhook_event ON id = the_event AND webhook_event.merchant_id = the_merchant AND webhook_event.state = is_state \
        LEFT JOIN webhook_outcome ON event_id = id WHERE event_id IS NULL";
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), select, Vec::new())).await?;
    found.iter().map(|row| PendingEvent::from_query_result(row, "")).collect()
}

/// A page of the events of all merchants that came in a span of time and wait to be applied, in the order in which they
/// came. The cursor is the last one of the page before.
pub async fn pending_since(
    db: &impl ConnectionTrait,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    after: Option<(DateTime<Utc>, WebhookEventId)>,
    limit: u64,
) -> Result<Vec<PendingEvent>, DbErr> {
    let mut events = waiting().filter(Column::ReceivedAt.gt(from).and(Column::ReceivedAt.lte(to)));
    if let Some((time, event)) = after {
        let later = Column::ReceivedAt.gt(time);
        events = events.filter(later.or(Column::ReceivedAt.eq(time).and(Column::Id.gt(event))));
    }
    let in_order = events.order_by_asc(Column::ReceivedAt).order_by_asc(Column::Id);
    in_order.limit(limit).into_model().all(db).await
}

/// What is searched among the events that wait to be applied.
#[derive(Debug, Clone, Default)]
pub struct PendingSearch {
    /// Only those that came after this time.
    pub since: DateTime<Utc>,
    /// Only those that came before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only this merchant's.
    pub merchant: Option<MerchantId>,
    /// Only of this sender.
    pub source: Option<Source>,
    /// Only this one.
    pub id: Option<WebhookEventId>,
    /// Only those older than this one: the cursor.
    pub before: Option<WebhookEventId>,
}

/// The newest of the events of all merchants that wait to be applied.
pub async fn search_pending(
    db: &impl ConnectionTrait,
    search: &PendingSearch,
    limit: u64,
) -> Result<Vec<PendingEvent>, DbErr> {
    let PendingSearch { since, until, merchant, source, id, before } = search;
    // Their ids are of about that time, too: so no plan goes through all events of a merchant for a page that is not full.
    let first = since.checked_sub_signed(TimeDelta::minutes(1)).filter(|first| *first > DateTime::UNIX_EPOCH);
    let asked = [
        first.map(|first| Column::Id.gte(first_id(first))),
        until.map(|until| Column::ReceivedAt.lt(until)),
        merchant.map(|merchant| Column::MerchantId.eq(merchant)),
        source.map(|source| Column::Source.eq(source)),
        id.map(|id| Column::Id.eq(id)),
        before.map(|before| Column::Id.lt(before)),
    ];
    let waiting = waiting().filter(Column::ReceivedAt.gt(*since));
    let found = asked.into_iter().flatten().fold(waiting, QueryFilter::filter);
    found.order_by_desc(Column::Id).limit(limit).into_model().all(db).await
}

/// The events that wait to be applied. The index of events by time is one of those with a payload; one without it means
/// nothing to us.
fn waiting() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::MerchantId, Column::Source, Column::ReceivedAt, Column::Traceparent])
        .filter(Column::Payload.is_not_null())
        .filter(outcome::is_missing())
}

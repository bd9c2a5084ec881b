//! Events that wait to be applied.

use std::cmp;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select, entity::prelude::*, sea_query::ExprTrait,
};

use super::{Column, Entity, EventState, Source, outcome};
use crate::{
    Rows,
    list::{Found, Looks, first_id, time_of},
};
use domain::{MerchantId, WebhookEventId};

/// The id of an event is of the time of its request, and at most this much older than the time in its row.
const APART: TimeDelta = TimeDelta::minutes(1);

/// Looking at an event costs this much less than looking at a row of another list.
const EACH_OF_A_PAGE: u64 = 10;

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
    let events = waiting(Entity::find(), from, to.checked_add_signed(APART));
    let mut events = events.filter(Column::ReceivedAt.gt(from).and(Column::ReceivedAt.lte(to)));
    if let Some((time, event)) = after {
        let later = Column::ReceivedAt.gt(time);
        events = events.filter(later.or(Column::ReceivedAt.eq(time).and(Column::Id.gt(event))));
    }
    let in_order = events.order_by_asc(Column::ReceivedAt).order_by_asc(Column::Id);
    in_order.limit(limit).into_model().all(db).await
}

/// When the first event with a content came after one time and by another.
pub async fn first_between(
    db: &impl ConnectionTrait,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let events = Entity::find().select_only().column(Column::ReceivedAt).filter(Column::Payload.is_not_null());
    let events = events.filter(Column::ReceivedAt.gt(from).and(Column::ReceivedAt.lte(to)));
    events.order_by_asc(Column::ReceivedAt).limit(1).into_tuple().one(db).await
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

/// The newest of the events of all merchants that wait to be applied: a page, which may be short or empty although there
/// are more to look through. Nearly all that came were applied at once, so that without a scheduler there are as many to
/// look through as have come since it ran.
pub async fn search_pending(
    db: &impl ConnectionTrait,
    search: &PendingSearch,
    limit: u64,
    looks: Looks,
) -> Result<Found<PendingEvent, WebhookEventId>, DbErr> {
    let end = search.end(db, EACH_OF_A_PAGE * looks.most).await?;
    let rows: Vec<PendingEvent> = search.query(end).limit(limit).into_model().all(db).await?;
    let last = rows.last().map(|event| event.id).filter(|_| rows.len() as u64 >= limit);
    Ok(Found { looked_to: last.or(end), rows })
}

impl PendingSearch {
    /// The first id of the time up to which is looked for a page, if more events than this many came since then.
    async fn end(&self, db: &impl ConnectionTrait, most: u64) -> Result<Option<WebhookEventId>, DbErr> {
        if self.id.is_some() {
            return Ok(None);
        }
        // Of all merchants: no index tells how many of one's were received, with a content, since then.
        let newest = Self { merchant: None, ..self.clone() }.lately().select_only().column(Column::ReceivedAt);
        let newest = newest.filter(Column::Payload.is_not_null().and(Column::ReceivedAt.gt(self.since)));
        let last = newest.order_by_desc(Column::ReceivedAt).offset(most).limit(1);
        let last: Option<DateTime<Utc>> = last.into_tuple().one(db).await?;
        // Each page goes on by a minute at least, also among those whose rows are later than their ids.
        let latest = self.before.map(|before| time_of(before.uuid()) - APART);
        let end = last.map(|last| latest.into_iter().fold(last, cmp::min));
        Ok(end.map(|end| WebhookEventId::from_uuid(first_id(end))))
    }

    fn query(&self, end: Option<WebhookEventId>) -> Select<Entity> {
        // About when a single one, or the last one of the page, came.
        let about = self.id.or(end).map(|event| time_of(event.uuid()));
        let since = about.map(|about| about - APART).into_iter().fold(self.since, cmp::max);
        let asked = [
            end.map(|end| Column::Id.gte(end)),
            self.until.map(|until| Column::ReceivedAt.lt(until)),
            self.source.map(|source| Column::Source.eq(source)),
            self.id.map(|id| Column::Id.eq(id)),
            about.filter(|_| self.id.is_some()).map(|about| Column::ReceivedAt.lt(about + APART)),
        ];
        let end = self.before.map(|before| time_of(before.uuid()) + APART);
        let events = waiting(self.lately(), since, end).filter(Column::ReceivedAt.gt(since));
        asked.into_iter().flatten().fold(events, QueryFilter::filter).order_by_desc(Column::Id)
    }

    /// Those since then, and before the page before.
    fn lately(&self) -> Select<Entity> {
        // Their ids are of about that time, too: so no plan goes through all events of a merchant.
        let asked = [
            first_since(self.since).map(|first| Column::Id.gte(first)),
            self.merchant.map(|merchant| Column::MerchantId.eq(merchant)),
            self.before.map(|before| Column::Id.lt(before)),
            self.before.map(|before| Column::ReceivedAt.lt(time_of(before.uuid()) + APART)),
        ];
        asked.into_iter().flatten().fold(Entity::find(), QueryFilter::filter)
    }
}

/// The first id of an event that came after this time.
fn first_since(time: DateTime<Utc>) -> Option<Uuid> {
    let first = time.checked_sub_signed(APART).filter(|first| *first > DateTime::UNIX_EPOCH);
    first.map(first_id)
}

/// Those of the events, which came between these times, that wait to be applied. The index of events by time is one of
/// those with a payload; one without it means nothing to us.
fn waiting(events: Select<Entity>, from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> Select<Entity> {
    events
        .select_only()
        .columns([Column::Id, Column::MerchantId, Column::Source, Column::ReceivedAt, Column::Traceparent])
        .filter(Column::Payload.is_not_null())
        .filter(outcome::is_missing(first_since(from), to.map(first_id)))
}

//! The merchant's list of events.

use sea_orm::{Condition, QueryOrder, QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, EventState, Source, WebhookEvent, outcome};
use crate::list::{Found, Looks};
use domain::{MerchantId, WebhookEventId};

/// How many of the newest events are scanned for waiting ones, which are usually among them.
const RECENT: u64 = 200;

/// How many events are read by id at once.
const AT_A_TIME: usize = 1_000;

/// Filters of a list of events.
#[derive(Debug, Clone, Default)]
pub struct WebhookEventSearch {
    /// The sender's type of the event.
    pub kind: Option<String>,
    /// Whether Stripe or the carrier sent it.
    pub source: Option<Source>,
    /// The state.
    pub state: Option<EventState>,
    /// Only events older than this one: the cursor.
    pub before: Option<WebhookEventId>,
    /// The size of the page.
    pub limit: u64,
    /// How much is read for a page.
    pub looks: Looks,
}

/// A page of the merchant's events, newest first. By a source or a state it may be short or empty although there are more
/// to look through.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Found<WebhookEvent, WebhookEventId>, DbErr> {
    if let Some(state @ (EventState::Failed | EventState::Ignored)) = search.state {
        return search_concluded(db, merchant, search, state).await;
    }
    if search.source.is_some() || search.state.is_some() {
        return search_many(db, merchant, search).await;
    }
    Ok(Found { rows: search.page(db, search.query(merchant)).await?, looked_to: None })
}

/// Searches a state that has indexes. The events found may be of another type or source than those searched, or in
/// another state, if one was concluded twice, by an earlier version and by this one; the search then continues after the
/// rows it has read, until enough were looked through.
async fn search_concluded(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
    state: EventState,
) -> Result<Found<WebhookEvent, WebhookEventId>, DbErr> {
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let all_match = search.kind.is_none() && search.source.is_none();
    let most = search.looks.with_others().most;
    let some = usize::try_from(most).unwrap_or(usize::MAX).min(AT_A_TIME);
    let (at_a_time, mut before) = (if all_match { limit } else { some }, search.before);
    let (mut rows, mut looked) = (Vec::new(), 0);
    loop {
        let newest = db.query_all(&outcome::newest(merchant, state, before, at_a_time as u64)).await?;
        let mut events: Vec<WebhookEventId> =
            newest.iter().map(|row| row.try_get("", "event_id")).collect::<Result<_, _>>()?;
        events.sort_unstable_by(|one, other| other.cmp(one));
        events.dedup();
        events.truncate(at_a_time);
        let are_all = events.len() < at_a_time;
        looked += events.len() as u64;
        before = events.last().copied();
        rows.extend(search_among(db, merchant, search, events).await?);
        let is_full = rows.len() >= limit;
        if are_all || is_full || looked >= most {
            rows.truncate(limit);
            return Ok(Found { rows, looked_to: before.filter(|_| !are_all && !is_full) });
        }
    }
}

/// Searches only the newest events. Returns `None` if they do not fill the page and there are older ones.
pub async fn search_newest(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Option<Vec<WebhookEvent>>, DbErr> {
    let found = search_through(db, merchant, search, RECENT).await?;
    Ok(Some(found).filter(|found| found.looked_to.is_none()).map(|found| found.rows))
}

/// Searches as many of the newest events as are looked through for a page.
pub async fn search_many(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Found<WebhookEvent, WebhookEventId>, DbErr> {
    search_through(db, merchant, search, search.looks.with_others().most).await
}

/// Searches this many of the newest events, or of those of the type. The search stopped somewhere if they do not fill the
/// page.
async fn search_through(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
    many: u64,
) -> Result<Found<WebhookEvent, WebhookEventId>, DbErr> {
    let events = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(search.older());
    let events = search.kind.iter().fold(events, |events, kind| events.filter(Column::Kind.eq(kind.as_str())));
    let events = events.select_only().column(Column::Id).order_by_desc(Column::Id);
    let last: Vec<WebhookEventId> = events.offset(many - 1).limit(2).into_tuple().all(db).await?;
    // A single further one is the end of the list.
    let [last, _] = last.as_slice() else {
        return Ok(Found { rows: search.page(db, search.query(merchant)).await?, looked_to: None });
    };
    let rows = search.page(db, search.query(merchant).filter(Column::Id.gte(*last))).await?;
    let looked_to = Some(*last).filter(|_| (rows.len() as u64) < search.limit);
    Ok(Found { rows, looked_to })
}

/// Searches only these events.
pub async fn search_among(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
    mut events: Vec<WebhookEventId>,
) -> Result<Vec<WebhookEvent>, DbErr> {
    // Reads a few at a time, since some may be concluded by now or not match.
    events.retain(|event| search.before.is_none_or(|before| *event < before));
    events.sort_unstable_by(|one, other| other.cmp(one));
    events.dedup();
    let mut found = Vec::new();
    for some in events.chunks(AT_A_TIME) {
        let query = search.query(merchant).filter(Column::Id.is_in(some.iter().copied()));
        found.extend(search.page(db, query).await?);
        if found.len() as u64 >= search.limit {
            break;
        }
    }
    found.truncate(usize::try_from(search.limit).unwrap_or(usize::MAX));
    Ok(found)
}

impl WebhookEventSearch {
    fn older(&self) -> Condition {
        self.before.iter().fold(Condition::all(), |all, before| all.add(Column::Id.lt(*before)))
    }

    fn query(&self, merchant: MerchantId) -> Select<Entity> {
        let mut query = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(self.older());
        if let Some(kind) = &self.kind {
            query = query.filter(Column::Kind.eq(kind.as_str()));
        }
        if let Some(source) = self.source {
            query = query.filter(Column::Source.eq(source));
        }
        self.state.into_iter().fold(query, |query, state| query.filter(outcome::is(state)))
    }

    async fn page(&self, db: &impl ConnectionTrait, query: Select<Entity>) -> Result<Vec<WebhookEvent>, DbErr> {
        let found = outcome::with_outcome(query).order_by_desc(Column::Id).limit(self.limit).all(db).await?;
        Ok(found.into_iter().map(outcome::merged).collect())
    }
}

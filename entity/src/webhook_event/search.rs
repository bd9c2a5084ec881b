//! The merchant's list of events.

use sea_orm::{Condition, QueryOrder, QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, EventState, Source, WebhookEvent, outcome};
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
}

/// A page of the merchant's events, newest first.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Vec<WebhookEvent>, DbErr> {
    if let Some(state @ (EventState::Failed | EventState::Ignored)) = search.state {
        return search_concluded(db, merchant, search, state).await;
    }
    search.page(db, search.query(merchant)).await
}

/// Searches a state that has indexes. The events found may be of another type or source than those searched, or in
/// another state, if one was concluded twice, by an earlier version and by this one; the search then continues after the
/// rows it has read.
async fn search_concluded(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
    state: EventState,
) -> Result<Vec<WebhookEvent>, DbErr> {
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let all_match = search.kind.is_none() && search.source.is_none();
    let (at_a_time, mut before) = (if all_match { limit } else { AT_A_TIME }, search.before);
    let mut found = Vec::new();
    loop {
        let rows = db.query_all(&outcome::newest(merchant, state, before, at_a_time as u64)).await?;
        let mut events: Vec<WebhookEventId> =
            rows.iter().map(|row| row.try_get("", "event_id")).collect::<Result<_, _>>()?;
        events.sort_unstable_by(|one, other| other.cmp(one));
        events.dedup();
        events.truncate(at_a_time);
        let are_all = events.len() < at_a_time;
        before = events.last().copied();
        found.extend(search_among(db, merchant, search, events).await?);
        if are_all || found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

/// Searches only the newest events. Returns `None` if they do not fill the page and there are older ones.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search_newest(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Option<Vec<WebhookEvent>>, DbErr> {
    let events = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(search.older());
    let newest = events.select_only().column(Column::Id).order_by_desc(Column::Id).offset(RECENT).limit(1);
    let oldest: Option<WebhookEventId> = newest.into_tuple().one(db).await?;
    let query = search.query(merchant);
    let Some(oldest) = oldest else { return search.page(db, query).await.map(Some) };
    let found = search.page(db, query.filter(Column::Id.gt(oldest))).await?;
    Ok((found.len() as u64 >= search.limit).then_some(found))
}

/// Searches only these events.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search_among(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
    mut events: Vec<WebhookEventId>,
) -> Result<Vec<WebhookEvent>, DbErr> {
    // Reads a few at a time, since some may be concluded by now or not match.
    events.retain(|event| search.before.is_none_or(|before| *event < before));
    events.sort_unstable_by(|one, other| other.cmp(one));
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

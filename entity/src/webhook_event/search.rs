//! The merchant's list of events.

use sea_orm::{Condition, QueryOrder, QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, EventState, Source, WebhookEvent, outcome};
use domain::{MerchantId, WebhookEventId};

/// How many of the newest events are looked through for those that wait: of many that do, the newest are among them.
const RECENT: u64 = 1_000;

/// What a list of events is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct WebhookEventSearch {
    /// The sender's word for what happened.
    pub kind: Option<String>,
    /// Whether Stripe or the carrier sent it.
    pub source: Option<Source>,
    /// What became of it.
    pub state: Option<EventState>,
    /// Only events older than this one: the cursor.
    pub before: Option<WebhookEventId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of the merchant's events, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
) -> Result<Vec<WebhookEvent>, DbErr> {
    if let Some(state @ (EventState::Failed | EventState::Ignored)) = search.state
        && search.kind.is_none()
        && search.source.is_none()
    {
        let newest = outcome::newest(merchant, state, search.before, search.limit);
        let found = search.page(db, search.query(merchant).filter(Column::Id.in_subquery(newest))).await?;
        // Fewer: there are no more, or some were concluded twice, by a version before.
        if found.len() as u64 >= search.limit {
            return Ok(found);
        }
    }
    let mut query = search.query(merchant);
    if search.state == Some(EventState::Failed) {
        // Those are few, and have indexes.
        query = query.filter(Column::Id.in_subquery(outcome::all(merchant, EventState::Failed)));
    }
    search.page(db, query).await
}

/// The same of the newest events alone: nothing if that is not the whole page, and there are older ones.
///
/// # Errors
/// When the database does not answer.
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

/// The same of these events alone.
///
/// # Errors
/// When the database does not answer.
pub async fn search_among(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: &WebhookEventSearch,
    mut events: Vec<WebhookEventId>,
) -> Result<Vec<WebhookEvent>, DbErr> {
    // Some may be done with meanwhile, or not be of the kind: they are read a few at a time.
    events.retain(|event| search.before.is_none_or(|before| *event < before));
    events.sort_unstable_by(|one, other| other.cmp(one));
    let mut found = Vec::new();
    for some in events.chunks(usize::try_from(RECENT).unwrap_or(usize::MAX)) {
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

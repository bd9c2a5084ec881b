//! The merchant's list of events.

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, EventState, Source, WebhookEvent, outcome};
use domain::{MerchantId, WebhookEventId};

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
    search: WebhookEventSearch,
) -> Result<Vec<WebhookEvent>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if let Some(kind) = search.kind {
        query = query.filter(Column::Kind.eq(kind));
    }
    if let Some(source) = search.source {
        query = query.filter(Column::Source.eq(source));
    }
    if let Some(state) = search.state {
        query = query.filter(outcome::is(state));
        if state == EventState::Failed {
            // Those are few, and have indexes.
            query = query.filter(Column::Id.in_subquery(outcome::failed(merchant)));
        }
    }
    if let Some(before) = search.before {
        query = query.filter(Column::Id.lt(before));
    }
    let found = outcome::with_outcome(query).order_by_desc(Column::Id).limit(search.limit).all(db).await?;
    Ok(found.into_iter().map(outcome::merged).collect())
}

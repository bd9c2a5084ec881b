//! The merchant's list of links.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{Column, Entity, Model, TimelineEntry, timeline};
use crate::{order, search::orders_meant_by};
use domain::{LinkId, LinkState, MerchantId};

/// What a list of links is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct LinkSearch {
    /// The state.
    pub state: Option<LinkState>,
    /// Part of what the order is searched by: see [`search`](crate::search).
    pub text: Option<String>,
    /// Only links older than this one: the cursor.
    pub before: Option<LinkId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of the merchant's links with their timelines, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Vec<(Model, Vec<TimelineEntry>)>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if let Some(state) = search.state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(text) = &search.text {
        let orders = order::Entity::find().select_only().column(order::Column::Id).filter(orders_meant_by(
            text,
            merchant,
            db.get_database_backend(),
        ));
        query = query.filter(Column::OrderId.in_subquery(orders.into_query()));
    }
    if let Some(before) = search.before {
        query = query.filter(Column::Id.lt(before));
    }
    let links = query.order_by_desc(Column::Id).limit(search.limit).all(db).await?;
    with_timelines(db, links).await
}

/// Those of the merchant's links, with their timelines.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<LinkId>,
) -> Result<Vec<(Model, Vec<TimelineEntry>)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let links = Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant)).all(db).await?;
    with_timelines(db, links).await
}

async fn with_timelines(
    db: &impl ConnectionTrait,
    links: Vec<Model>,
) -> Result<Vec<(Model, Vec<TimelineEntry>)>, DbErr> {
    let mut entries: HashMap<LinkId, Vec<TimelineEntry>> = HashMap::new();
    for entry in timeline::of_links(db, links.iter().map(|link| link.id)).await? {
        entries.entry(entry.link_id).or_default().push(entry);
    }
    let with_timeline = |link: Model| {
        let timeline = entries.remove(&link.id).unwrap_or_default();
        (link, timeline)
    };
    Ok(links.into_iter().map(with_timeline).collect())
}

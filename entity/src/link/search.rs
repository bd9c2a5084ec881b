//! The merchant's list of links.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{
    QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Expr, SelectStatement},
};

use super::{Column, Entity, Model, TimelineEntry, timeline};
use crate::{
    list::{Period, Place},
    order,
    search::orders_meant_by,
};
use domain::{LinkId, LinkState, MerchantId, OrderId, link::Review};

/// What a list of links is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct LinkSearch {
    /// In one of these states; if there is none, in any.
    pub states: Vec<LinkState>,
    /// Of this order.
    pub order: Option<OrderId>,
    /// Of an order with this tag.
    pub tag: Option<order::Tag>,
    /// To be looked at for this.
    pub review: Option<Review>,
    /// When they were made.
    pub created: Period,
    /// When they were paid.
    pub paid: Period,
    /// Those of orders that are archived, or of those that are not.
    pub archived: Option<bool>,
    /// Part of what the order is searched by: see [`search`](crate::search).
    pub text: Option<String>,
    /// Which part of the list.
    pub place: Place<LinkId>,
}

impl LinkSearch {
    /// What an order of such a link has to be, if that matters.
    fn orders(&self, merchant: MerchantId) -> Option<SelectStatement> {
        if self.tag.is_none() && self.archived.is_none() {
            return None;
        }
        let mut orders = order::Entity::find()
            .select_only()
            .column(order::Column::Id)
            .filter(order::Column::MerchantId.eq(merchant));
        if let Some(tag) = self.tag {
            orders = orders.filter(order::Column::Tag.eq(tag));
        }
        if let Some(archived) = self.archived {
            let at = order::Column::ArchivedAt;
            orders = orders.filter(if archived { at.is_not_null() } else { at.is_null() });
        }
        Some(orders.into_query())
    }
}

/// A page of the merchant's links with their timelines.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Vec<(Model, Vec<TimelineEntry>)>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if !search.states.is_empty() {
        query = query.filter(Column::State.is_in(search.states.iter().copied()));
    }
    if let Some(order) = search.order {
        query = query.filter(Column::OrderId.eq(order));
    }
    if let Some(review) = search.review {
        query = query.filter(Column::Review.eq(review));
    }
    let periods = [search.created.of(Column::CreatedAt), search.paid.of(Column::PaidAt)];
    query = periods.into_iter().flatten().fold(query, Select::filter);
    if let Some(orders) = search.orders(merchant) {
        query = query.filter(Column::OrderId.in_subquery(orders));
    }
    if let Some(text) = &search.text {
        let orders = order::Entity::find().select_only().column(order::Column::Id).filter(orders_meant_by(
            text,
            merchant,
            db.get_database_backend(),
        ));
        query = query.filter(Column::OrderId.in_subquery(orders.into_query()));
    }
    let links = search.place.of(query, Column::Id).all(db).await?;
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

/// How many bytes of their merchant's own these links have.
///
/// # Errors
/// When the database does not answer.
pub async fn sizes(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<LinkId>,
) -> Result<HashMap<LinkId, u64>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let bytes = Expr::cust("CAST(octet_length(payment_link.metadata) AS bigint)");
    let links = Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant));
    let sizes = links.select_only().column(Column::Id).expr_as(bytes, "bytes");
    let sizes: Vec<(LinkId, i64)> = sizes.into_tuple().all(db).await?;
    Ok(sizes.into_iter().map(|(id, bytes)| (id, u64::try_from(bytes).unwrap_or_default())).collect())
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

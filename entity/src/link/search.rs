//! The merchant's list of links.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use sea_orm::{
    Condition, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Expr, SelectStatement},
};

use super::{Column, Dispute, Entity, LIFE, Model, TimelineEntry, open, timeline};
use crate::{
    list::{Found, MOST_AT_ONCE, Period, Place, fitting},
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
    /// With a dispute that stands in one of these ways; if there is none, with or without one.
    pub disputes: Vec<Dispute>,
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
        if self.tag == Some(order::Tag::None) && self.archived.is_none() {
            return Some(order::unasked(merchant));
        }
        if self.tag.is_none() && self.archived.is_none() {
            return None;
        }
        let mut orders = order::Entity::find()
            .select_only()
            .column(order::Column::Id)
            .filter(order::Column::MerchantId.eq(merchant));
        match self.tag {
            Some(order::Tag::None) => {
                orders = orders.filter(order::Column::Id.in_subquery(order::unasked(merchant)));
            }
            Some(tag @ (order::Tag::Unpaid | order::Tag::Paid)) => orders = orders.filter(order::Column::Tag.eq(tag)),
            None => {}
        }
        if let Some(archived) = self.archived {
            let at = order::Column::ArchivedAt;
            orders = orders.filter(if archived { at.is_not_null() } else { at.is_null() });
        }
        Some(orders.into_query())
    }
}

/// That a link is in one of these states. No index may name the state, which every payment changes; what has the state and is rare is found
/// by what goes with it.
fn in_states(states: &[LinkState], is_open: Expr) -> Condition {
    let all = Condition::all().add(Column::State.is_in(states.iter().copied()));
    if states.iter().all(|state| state.is_open()) {
        return all.add(is_open);
    }
    let is_failed = |state: &LinkState| *state == LinkState::Failed;
    if states.iter().all(is_failed) { all.add(Column::Failure.is_not_null()) } else { all }
}

/// The same where orders are looked for that have such a link.
pub(crate) fn of_orders_in_states(states: &[LinkState]) -> Condition {
    in_states(states, Column::Id.in_subquery(open::links()))
}

/// That a link was paid in this period.
pub(crate) fn paid(period: &Period) -> impl Iterator<Item = Expr> {
    period.of(Column::PaidAt).into_iter().chain(period.of_ids(Column::Id, LIFE))
}

/// A page of the merchant's links with their timelines; a shorter one if they are large.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Found<(Model, Vec<TimelineEntry>)>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if !search.states.is_empty() {
        query = query.filter(in_states(&search.states, Column::OrderId.in_subquery(open::orders())));
    }
    if let Some(order) = search.order {
        query = query.filter(Column::OrderId.eq(order));
    }
    if let Some(review) = search.review {
        query = query.filter(Column::Review.eq(review));
    }
    if !search.disputes.is_empty() {
        query = query.filter(Column::Dispute.is_in(search.disputes.iter().copied()));
    }
    let created = [search.created.of(Column::CreatedAt), search.created.of_ids(Column::Id, TimeDelta::zero())];
    query = created.into_iter().flatten().chain(paid(&search.paid)).fold(query, Select::filter);
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
    let mut links = search.place.of(query, Column::Id).all(db).await?;
    let few = fitting(links.iter().map(Model::bytes), MOST_AT_ONCE);
    let has_more = few < links.len();
    links.truncate(few);
    Ok(Found { rows: with_timelines(db, links).await?, has_more })
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

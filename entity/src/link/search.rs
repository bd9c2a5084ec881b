//! The merchant's list of links.

use std::collections::BTreeSet;

use sea_orm::entity::prelude::*;

use super::{
    Column, Entity, Model, TimelineEntry,
    list_query::{LinkPart, states_apart},
    paid_period::each_way,
    reading::{CountedLinks, WholeLinks, with_timelines},
};
use crate::{
    list::{Counted, Found, PaidPeriod, Period, Place},
    looking::{self, ReadRows, look},
    order,
    search::Meant,
};
use domain::{
    Currency, LinkId, LinkState, MerchantId, OrderId,
    link::{Dispute, Review},
};

/// The filters of a list of links.
#[derive(Debug, Clone, Default)]
pub struct LinkSearch {
    /// In one of these states; empty for any.
    pub states: Vec<LinkState>,
    /// Of this order.
    pub order: Option<OrderId>,
    /// Of an order with this tag.
    pub tag: Option<order::Tag>,
    /// With this review.
    pub review: Option<Review>,
    /// With a dispute in one of these states; empty for any, or none.
    pub disputes: Vec<Dispute>,
    /// In this currency.
    pub currency: Option<Currency>,
    /// Created in this period.
    pub created: Period,
    /// Paid in this period.
    pub paid: PaidPeriod,
    /// Whether the order is archived.
    pub archived: Option<bool>,
    /// Part of the order's searchable text: see [`search`](crate::search).
    pub text: Option<String>,
    /// Which part of the list.
    pub place: Place<LinkId>,
}

/// A page of the merchant's links with their timelines; shorter if the links are large, or if there are few among many
/// others.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Found<(Model, Vec<TimelineEntry>), LinkId>, DbErr> {
    page::<WholeLinks>(db, merchant, search).await
}

/// The same page, of what the links are added up by.
pub async fn counted(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Found<Counted<LinkId>, LinkId>, DbErr> {
    page::<CountedLinks>(db, merchant, search).await
}

async fn page<R: ReadRows<Entity, Id = LinkId> + Sync>(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Found<R::Row, LinkId>, DbErr> {
    let meant = Meant::by_any(db, search.text.as_deref(), merchant).await?;
    let (mut parts, mut created) = (Vec::new(), search.created);
    for states in states_apart(&search.states) {
        for by in each_way(&search.paid) {
            let of_states = LinkSearch { states: states.clone(), created, ..search.clone() };
            let part = look(&LinkPart::<_, R>::new(db, merchant, &of_states, (by, meant.as_ref()))).await?;
            if let Some(end) = part.looked_to.and_then(LinkId::created_at) {
                created = created.before(end, search.place.sort);
            }
            parts.push(part);
        }
    }
    Ok(search.place.merged(parts, R::id))
}

/// Whether so many pages from this one on cannot look through all, since they look up other rows for each.
pub async fn is_beyond(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
    pages: u64,
) -> Result<bool, DbErr> {
    let meant = Meant::by_any(db, search.text.as_deref(), merchant).await?;
    for states in states_apart(&search.states) {
        for by in each_way(&search.paid) {
            let of_states = LinkSearch { states: states.clone(), ..search.clone() };
            let part = LinkPart::<_, CountedLinks>::new(db, merchant, &of_states, (by, meant.as_ref()));
            if looking::is_beyond(&part, pages, search.place.looks).await? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The merchant's links with these ids, with their timelines.
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

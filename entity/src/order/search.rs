//! The merchant's list of orders.

use chrono::{NaiveDate, TimeDelta};
use sea_orm::{
    QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Order as Direction, SelectStatement},
};

use super::{
    Column, Entity, Order, Tag,
    unasked::{self, only_unasked},
    unpaid::{self, due_before, only_unpaid},
    volume::first_of,
};
use crate::{
    link::{self, PaidWay},
    list::{Found, PaidPeriod, Period, Place, RECENT, Sort, wider},
    search::{one_by_one, orders_meant_by, orders_of_buyer_meant_by},
};
use domain::{LinkState, MerchantId, OrderId, link::Review};

/// The filters of a list of orders.
#[derive(Debug, Clone, Default)]
pub struct OrderSearch {
    /// Part of the searchable text: see [`search`](crate::search).
    pub text: Option<String>,
    /// The tag.
    pub tag: Option<Tag>,
    /// With a link in one of these states; empty for any, or no link.
    pub statuses: Vec<LinkState>,
    /// With a link that has this review.
    pub review: Option<Review>,
    /// Created in this period.
    pub created: Period,
    /// With a link paid in this period.
    pub paid: PaidPeriod,
    /// Of the unpaid ones, only those that were due before this day.
    pub due_before: Option<NaiveDate>,
    /// Archived orders instead of the others.
    pub archived: bool,
    /// Which part of the list.
    pub place: Place<OrderId>,
}

impl OrderSearch {
    /// What a link of such an order has to be, if that matters. It was made after its order.
    fn links(&self, merchant: MerchantId, since: Option<OrderId>, by: Option<PaidWay>) -> Option<SelectStatement> {
        if self.statuses.is_empty() && self.review.is_none() && by.is_none() {
            return None;
        }
        let mut links = link::Entity::find()
            .select_only()
            .column(link::Column::OrderId)
            .filter(link::Column::MerchantId.eq(merchant));
        if link::are_closed(&self.statuses) && since.is_none() {
            links = links.filter(link::closed_in_states(merchant, &self.statuses));
        } else if !self.statuses.is_empty() {
            links = links.filter(link::of_orders_in_states(&self.statuses));
        }
        if let Some(review) = self.review {
            links = links.filter(link::Column::Review.eq(review));
        }
        let since = Period { from: since.and_then(OrderId::created_at), to: None };
        let since = since.of_ids(link::Column::Id, TimeDelta::zero());
        let paid = by.into_iter().flat_map(|by| link::paid(by, &self.paid));
        Some(paid.chain(since).fold(links, Select::filter).into_query())
    }
}

/// A page of the merchant's orders; shorter if the orders are large.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: OrderSearch,
) -> Result<Found<Order>, DbErr> {
    if search.paid.at.is_always() {
        return search.part(db, merchant, None).await;
    }
    let by_stripe = search.part(db, merchant, Some(PaidWay::Stripe)).await?;
    let elsewhere = search.part(db, merchant, Some(PaidWay::Elsewhere)).await?;
    Ok(search.place.merged([by_stripe, elsewhere], |order| order.id))
}

impl OrderSearch {
    /// The page, of the orders that were paid in this way, if that is asked.
    async fn part(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        by: Option<PaidWay>,
    ) -> Result<Found<Order>, DbErr> {
        let query = self.query(merchant, None, by);
        let page = |query| first_of(db, self.place.sort, self.part_of(query));
        if let Some(text) = &self.text
            && let Some(theirs) = orders_of_buyer_meant_by(db, text, merchant).await?
        {
            return page(query.filter(theirs)).await;
        }
        if self.place.sort == Sort::NewestFirst && self.may_mean_many() {
            // A common word, a period with many payments, or the state of many links matches many orders: scanning the
            // newest finds a page sooner than collecting all matches from an index.
            let mut window = Some(RECENT);
            while let Some(looked) = window {
                let Some(oldest) = self.oldest_of(db, merchant, (looked, by)).await? else { break };
                let newest = self.query(merchant, Some(oldest), by);
                let newest = self.text.iter().fold(newest, |newest, text| newest.filter(one_by_one(text, merchant)));
                let found = page(newest).await?;
                let count = found.rows.len() as u64;
                if found.has_more || count >= self.place.limit {
                    return Ok(found);
                }
                window = wider(looked, count, self.place.limit);
            }
        }
        let meant = |text: &String| orders_meant_by(text, merchant, db.get_database_backend());
        page(self.text.iter().fold(query, |query, text| query.filter(meant(text)))).await
    }

    /// Whether what is searched for may be found in many orders, and no index gives it in the order of the list.
    fn may_mean_many(&self) -> bool {
        self.text.is_some() || !self.paid.at.is_always() || link::are_closed(&self.statuses)
    }

    /// Everything but the text, of the orders since this one or of all.
    fn query(&self, merchant: MerchantId, since: Option<OrderId>, by: Option<PaidWay>) -> Select<Entity> {
        let query = Entity::find().filter(Column::MerchantId.eq(merchant));
        let mut query = since.iter().fold(query, |query, since| query.filter(Column::Id.gte(*since)));
        let archived = Column::ArchivedAt;
        query = query.filter(if self.archived { archived.is_not_null() } else { archived.is_null() });
        match self.tag {
            Some(Tag::None) => query = only_unasked(query, merchant),
            Some(Tag::Unpaid) => {
                query = only_unpaid(query, merchant);
                query = self.due_before.iter().fold(query, |query, day| query.filter(due_before(*day)));
            }
            Some(tag @ Tag::Paid) => query = query.filter(Column::Tag.eq(tag)),
            None => {}
        }
        let created = [self.created.of(Column::CreatedAt), self.created.of_ids(Column::Id, TimeDelta::zero())];
        query = created.into_iter().flatten().chain(self.before_paid(by)).fold(query, Select::filter);
        match self.links(merchant, since, by) {
            Some(links) => query.filter(Column::Id.in_subquery(links)),
            None => query,
        }
    }

    /// An order is created before it is paid by Stripe.
    fn before_paid(&self, by: Option<PaidWay>) -> Vec<Expr> {
        let to = self.paid.at.to.filter(|_| by == Some(PaidWay::Stripe));
        Period { from: None, to }.of_ids(Column::Id, TimeDelta::zero())
    }

    /// The requested part of the list.
    fn part_of(&self, query: Select<Entity>) -> Select<Entity> {
        match self.tag {
            Some(Tag::None) => self.place.of(query, unasked::Column::OrderId),
            Some(Tag::Unpaid) => self.place.of(query, unpaid::Column::OrderId),
            Some(Tag::Paid) | None => self.place.of(query, Column::Id),
        }
    }

    /// The oldest of this many newest orders, if there are more. Queried by itself, since a planner without the
    /// value would estimate a third of all orders.
    async fn oldest_of(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        (newest, by): (u64, Option<PaidWay>),
    ) -> Result<Option<OrderId>, DbErr> {
        let place = Place { limit: 1, ..self.place };
        let orders = Entity::find().select_only().column(Column::Id).filter(Column::MerchantId.eq(merchant));
        let orders = self.before_paid(by).into_iter().fold(orders, Select::filter);
        place.of(orders, Column::Id).offset(newest).into_tuple().one(db).await
    }
}

/// The newest order with this number that is not archived.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn by_number(db: &impl ConnectionTrait, merchant: MerchantId, number: &str) -> Result<Option<Order>, DbErr> {
    Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Number.eq(number))
        .filter(Column::ArchivedAt.is_null())
        .order_by(Column::Id, Direction::Desc)
        .limit(1)
        .one(db)
        .await
}

/// The order, locked until the transaction ends, so that no link is created for it meanwhile.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn held(db: &impl ConnectionTrait, merchant: MerchantId, id: OrderId) -> Result<Option<Order>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock_exclusive().one(db).await
}

/// Whether a transaction failed because another order has the number.
#[must_use]
pub fn is_second_number(error: &DbErr) -> bool {
    crate::db::breaks_key(error, &["orders_one_number", "orders.number_key"])
}

/// Those of these numbers that belong to orders that are not archived.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn numbers_there(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    numbers: Vec<String>,
) -> Result<std::collections::HashSet<String>, DbErr> {
    let found: Vec<Option<String>> = Entity::find()
        .select_only()
        .column(Column::NumberKey)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::NumberKey.is_in(numbers))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().flatten().collect())
}

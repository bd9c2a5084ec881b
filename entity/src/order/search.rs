//! The merchant's list of orders.

use chrono::TimeDelta;
use sea_orm::{
    QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Order as Direction, SelectStatement},
};

use super::{
    Column, Entity, Order, Tag,
    unasked::{self, only_unasked},
    volume::first_of,
};
use crate::{
    link,
    list::{Found, PaidPeriod, Period, Place, RECENT, Sort, wider},
    search::{one_by_one, orders_meant_by},
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
    /// Archived orders instead of the others.
    pub archived: bool,
    /// Which part of the list.
    pub place: Place<OrderId>,
}

impl OrderSearch {
    /// What a link of such an order has to be, if that matters. It was made after its order.
    fn links(&self, merchant: MerchantId, since: Option<OrderId>) -> Option<SelectStatement> {
        if self.statuses.is_empty() && self.review.is_none() && self.paid.at.is_always() {
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
        Some(link::paid(&self.paid).chain(since).fold(links, Select::filter).into_query())
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
    let query = search.query(merchant, None);
    let page = |query| first_of(db, search.place.sort, search.part_of(query));
    if search.place.sort == Sort::NewestFirst && search.may_mean_many() {
        // A common word, a period with many payments, or the state of many links matches many orders: scanning the
        // newest finds a page sooner than collecting all matches from an index.
        let mut window = Some(RECENT);
        while let Some(looked) = window {
            let Some(oldest) = search.oldest_of(db, merchant, looked).await? else { break };
            let newest = search.query(merchant, Some(oldest));
            let newest = search.text.iter().fold(newest, |newest, text| newest.filter(one_by_one(text, merchant)));
            let found = page(newest).await?;
            let count = found.rows.len() as u64;
            if found.has_more || count >= search.place.limit {
                return Ok(found);
            }
            window = wider(looked, count, search.place.limit);
        }
    }
    let meant = |text: &String| orders_meant_by(text, merchant, db.get_database_backend());
    page(search.text.iter().fold(query, |query, text| query.filter(meant(text)))).await
}

impl OrderSearch {
    /// Whether what is searched for may be found in many orders, and no index gives it in the order of the list.
    fn may_mean_many(&self) -> bool {
        self.text.is_some() || !self.paid.at.is_always() || link::are_closed(&self.statuses)
    }

    /// Everything but the text, of the orders since this one or of all.
    fn query(&self, merchant: MerchantId, since: Option<OrderId>) -> Select<Entity> {
        let query = Entity::find().filter(Column::MerchantId.eq(merchant));
        let mut query = since.iter().fold(query, |query, since| query.filter(Column::Id.gte(*since)));
        let archived = Column::ArchivedAt;
        query = query.filter(if self.archived { archived.is_not_null() } else { archived.is_null() });
        match self.tag {
            Some(Tag::None) => query = only_unasked(query, merchant),
            Some(tag @ (Tag::Unpaid | Tag::Paid)) => query = query.filter(Column::Tag.eq(tag)),
            None => {}
        }
        let created = [self.created.of(Column::CreatedAt), self.created.of_ids(Column::Id, TimeDelta::zero())];
        query = created.into_iter().flatten().chain(self.before_paid()).fold(query, Select::filter);
        match self.links(merchant, since) {
            Some(links) => query.filter(Column::Id.in_subquery(links)),
            None => query,
        }
    }

    /// An order is created before it is paid, or not long after the day that its merchant says.
    fn before_paid(&self) -> Vec<Expr> {
        link::with_earlier_days(Period { from: None, to: self.paid.at.to }).of_ids(Column::Id, TimeDelta::zero())
    }

    /// The requested part of the list.
    fn part_of(&self, query: Select<Entity>) -> Select<Entity> {
        match self.tag {
            Some(Tag::None) => self.place.of(query, unasked::Column::OrderId),
            Some(Tag::Unpaid | Tag::Paid) | None => self.place.of(query, Column::Id),
        }
    }

    /// The oldest of this many newest orders, if there are more. Queried by itself, since a planner without the
    /// value would estimate a third of all orders.
    async fn oldest_of(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        newest: u64,
    ) -> Result<Option<OrderId>, DbErr> {
        let place = Place { limit: 1, ..self.place };
        let orders = Entity::find().select_only().column(Column::Id).filter(Column::MerchantId.eq(merchant));
        let orders = self.before_paid().into_iter().fold(orders, Select::filter);
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

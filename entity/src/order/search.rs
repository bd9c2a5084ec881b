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
    list::{Found, Period, Place, Sort},
    search::{one_by_one, orders_meant_by},
};
use domain::{LinkState, MerchantId, OrderId, link::Review};

/// How many of the newest orders are looked through one by one for a text, or for what was paid.
const RECENT: u64 = 1_000;

/// What a list of orders is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct OrderSearch {
    /// Part of what it is searched by: see [`search`](crate::search).
    pub text: Option<String>,
    /// The tag.
    pub tag: Option<Tag>,
    /// Orders with a link in one of these states; if there is none, in any or without a link.
    pub statuses: Vec<LinkState>,
    /// Orders with a link that is to be looked at for this.
    pub review: Option<Review>,
    /// When they were made.
    pub created: Period,
    /// When a link of theirs was paid.
    pub paid: Period,
    /// Those that are archived, instead of those that are not.
    pub archived: bool,
    /// Which part of the list.
    pub place: Place<OrderId>,
}

impl OrderSearch {
    /// What a link of such an order has to be, if that matters.
    fn links(&self, merchant: MerchantId) -> Option<SelectStatement> {
        if self.statuses.is_empty() && self.review.is_none() && self.paid.is_always() {
            return None;
        }
        let mut links = link::Entity::find()
            .select_only()
            .column(link::Column::OrderId)
            .filter(link::Column::MerchantId.eq(merchant));
        if !self.statuses.is_empty() {
            links = links.filter(link::of_orders_in_states(&self.statuses));
        }
        if let Some(review) = self.review {
            links = links.filter(link::Column::Review.eq(review));
        }
        Some(link::paid(&self.paid).fold(links, Select::filter).into_query())
    }
}

/// A page of the merchant's orders; a shorter one if they are large.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: OrderSearch,
) -> Result<Found<Order>, DbErr> {
    let query = search.query(merchant);
    let page = |query| first_of(db, merchant, search.part_of(query));
    if search.place.sort == Sort::NewestFirst && (search.text.is_some() || !search.paid.is_always()) {
        // What a common word means, or what was paid in a time in which much was, is found among the newest, sooner than an index has listed
        // all of it.
        if let Some(oldest) = search.recent(db, merchant).await? {
            let newest = query.clone().filter(Column::Id.gte(oldest));
            let newest = search.text.iter().fold(newest, |newest, text| newest.filter(one_by_one(text, merchant)));
            let found = page(newest).await?;
            if found.has_more || found.rows.len() as u64 >= search.place.limit {
                return Ok(found);
            }
        }
    }
    let meant = |text: &String| orders_meant_by(text, merchant, db.get_database_backend());
    page(search.text.iter().fold(query, |query, text| query.filter(meant(text)))).await
}

impl OrderSearch {
    /// Everything but the text.
    fn query(&self, merchant: MerchantId) -> Select<Entity> {
        let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
        let archived = Column::ArchivedAt;
        query = query.filter(if self.archived { archived.is_not_null() } else { archived.is_null() });
        match self.tag {
            Some(Tag::None) => query = only_unasked(query, merchant),
            Some(tag @ (Tag::Unpaid | Tag::Paid)) => query = query.filter(Column::Tag.eq(tag)),
            None => {}
        }
        let created = [self.created.of(Column::CreatedAt), self.created.of_ids(Column::Id, TimeDelta::zero())];
        query = created.into_iter().flatten().chain(self.before_paid()).fold(query, Select::filter);
        match self.links(merchant) {
            Some(links) => query.filter(Column::Id.in_subquery(links)),
            None => query,
        }
    }

    /// What is paid was ordered before.
    fn before_paid(&self) -> Vec<Expr> {
        Period { from: None, to: self.paid.to }.of_ids(Column::Id, TimeDelta::zero())
    }

    /// The part of the list that is asked for.
    fn part_of(&self, query: Select<Entity>) -> Select<Entity> {
        match self.tag {
            Some(Tag::None) => self.place.of(query, unasked::Column::OrderId),
            Some(Tag::Unpaid | Tag::Paid) | None => self.place.of(query, Column::Id),
        }
    }

    /// The oldest of the newest orders, if there are more. It is asked for by itself: to a planner that does not know it, they could be a
    /// third of all.
    async fn recent(&self, db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<OrderId>, DbErr> {
        let place = Place { limit: 1, ..self.place };
        let orders = Entity::find().select_only().column(Column::Id).filter(Column::MerchantId.eq(merchant));
        let orders = self.before_paid().into_iter().fold(orders, Select::filter);
        place.of(orders, Column::Id).offset(RECENT).into_tuple().one(db).await
    }
}

/// The newest order of this number that is not archived.
///
/// # Errors
/// When the database does not answer.
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

/// The order as it will stay until the transaction ends: no link is made of it meanwhile.
///
/// # Errors
/// When the database does not answer.
pub async fn held(db: &impl ConnectionTrait, merchant: MerchantId, id: OrderId) -> Result<Option<Order>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock_exclusive().one(db).await
}

/// Whether the transaction may not go on because another order has the number.
#[must_use]
pub fn is_second_number(error: &DbErr) -> bool {
    crate::db::breaks_key(error, &["orders_one_number", "orders.number_key"])
}

/// Those of these numbers that orders have which are not archived.
///
/// # Errors
/// When the database does not answer.
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

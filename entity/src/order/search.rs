//! The merchant's list of orders.

use chrono::{NaiveDate, TimeDelta};
use sea_orm::{
    QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, Order as Direction},
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
use domain::{LinkId, LinkState, MerchantId, OrderId, link::Review};

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
    /// An order has such a link, if that matters; of the orders since this one, if only those are looked at. A link was
    /// made after its order.
    fn of_link(&self, merchant: MerchantId, since: Option<OrderId>, by: Option<PaidWay>) -> Option<Expr> {
        if self.statuses.is_empty() && self.review.is_none() && by.is_none() {
            return None;
        }
        let made = Period { from: since.and_then(OrderId::created_at), to: None };
        let mut links = link::Entity::find().select_only().filter(link::Column::MerchantId.eq(merchant));
        if link::are_rare(&self.statuses) {
            links = links.filter(link::in_rare_states(merchant, &self.statuses, &made));
        } else if !self.statuses.is_empty() {
            links = links.filter(link::of_orders_in_states(&self.statuses));
        }
        links = self.of_links(by).into_iter().fold(links, Select::filter);
        if since.is_some() && by == Some(PaidWay::Stripe) {
            // Most orders are paid by Stripe: of one after the other it is asked until there are enough.
            let of_order = Expr::col((link::Entity, link::Column::OrderId)).equals((Entity, Column::Id));
            let one = links.expr(Expr::val(1)).filter(of_order).limit(1).into_query();
            return Some(Expr::SubQuery(None, Box::new(one.into())).is_not_null());
        }
        let made = made.of_ids(link::Column::Id, TimeDelta::zero());
        let links = made.into_iter().fold(links.column(link::Column::OrderId), Select::filter);
        Some(Column::Id.in_subquery(links.into_query()))
    }

    /// What a link of such an order has to be besides its state.
    fn of_links(&self, by: Option<PaidWay>) -> Vec<Expr> {
        let review = self.review.map(|review| link::Column::Review.eq(review));
        by.into_iter().flat_map(|by| link::paid(by, &self.paid)).chain(review).collect()
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
    let mut pages = Vec::new();
    for statuses in search.states_apart() {
        let mut of_states = OrderSearch { statuses, ..search.clone() };
        for by in link::each_way(&search.paid) {
            let page = of_states.part(db, merchant, by).await?;
            if let Some(last) = page.last_of_full(&search.place) {
                of_states.created = of_states.created.before(last.created_at, search.place.sort);
            }
            pages.push(page);
        }
    }
    Ok(search.place.merged(pages, |order| order.id))
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
        if self.only_state() == Some(LinkState::Unpaid) {
            let unpaid = self.by_open_links(merchant, LinkState::Unpaid, by);
            return first_of(db, self.place.sort, self.place.of(unpaid, link::open::Column::OrderId)).await;
        }
        if self.place.sort == Sort::NewestFirst && self.may_mean_many() {
            // A common word, a period with many payments, or the state of many links matches many orders: scanning the
            // newest finds a page sooner than collecting all matches from an index.
            let mut window = Some(self.first_window(by));
            while let Some(looked) = window {
                let Some(oldest) = self.oldest_of(db, merchant, (looked, by)).await? else { break };
                let newest = self.query(merchant, Some(oldest), by);
                let newest = self.text.iter().fold(newest, |newest, text| newest.filter(one_by_one(text, merchant)));
                let found = page(newest).await?;
                let count = found.rows.len() as u64;
                if found.has_more || count >= self.place.limit {
                    return Ok(found);
                }
                // After a few of a list of their own, there may be more among as many as of any orders.
                window = wider(looked, count, self.place.limit).or((looked < RECENT).then_some(RECENT));
            }
        }
        let meant = |text: &String| orders_meant_by(text, merchant, db.get_database_backend());
        page(self.text.iter().fold(query, |query, text| query.filter(meant(text)))).await
    }

    /// Whether what is searched for may be found in many orders, and no index gives it in the order of the list.
    fn may_mean_many(&self) -> bool {
        let is_failed = self.only_state() == Some(LinkState::Failed);
        self.text.is_some() || !self.paid.at.is_always() || link::are_rare(&self.statuses) || is_failed
    }

    /// The states, as they are read by one query each.
    fn states_apart(&self) -> Vec<Vec<LinkState>> {
        if self.text.is_some() { vec![self.statuses.clone()] } else { link::states_apart(&self.statuses) }
    }

    /// The only state, if it is looked for by itself.
    fn only_state(&self) -> Option<LinkState> {
        let has_table = matches!(self.tag, Some(Tag::None | Tag::Unpaid));
        match self.statuses.as_slice() {
            [state] if self.text.is_none() && !has_table => Some(*state),
            _ => None,
        }
    }

    /// The orders whose open link is in this state; the open links drive it and its order.
    fn by_open_links(&self, merchant: MerchantId, state: LinkState, by: Option<PaidWay>) -> Select<Entity> {
        let of_any = Self { statuses: Vec::new(), review: None, ..self.clone() };
        link::open::only_orders_in(of_any.query(merchant, None, None), merchant, (state, self.of_links(by)))
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
        self.of_link(merchant, since, by).into_iter().fold(query, Select::filter)
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

    /// How many orders are scanned first. The links in a state are a list of their own.
    fn first_window(&self, by: Option<PaidWay>) -> u64 {
        if by.is_none() && self.only_state().is_some() { 2 * self.place.limit } else { RECENT }
    }

    /// The oldest of this many newest orders, or orders with a link in the state, if there are more. Queried by itself,
    /// since a planner without the value would estimate a third of all orders.
    async fn oldest_of(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        (newest, by): (u64, Option<PaidWay>),
    ) -> Result<Option<OrderId>, DbErr> {
        let place = Place { limit: 1, ..self.place };
        // An order as old as the oldest of these links has none that is older.
        let place_of_link =
            Place { after: place.after.map(|after| LinkId::from_uuid(after.uuid())), sort: place.sort, limit: 1 };
        if by.is_none()
            && let Some(state) = self.only_state()
            && let Some(links) = link::newest_in(merchant, state, place_of_link)
        {
            let oldest: Option<LinkId> = links.offset(newest).into_tuple().one(db).await?;
            return Ok(oldest.map(|oldest| OrderId::from_uuid(oldest.uuid())));
        }
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

/// The newest order with this number that is not archived, locked until the transaction ends.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn held_by_number(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    number: &str,
) -> Result<Option<Order>, DbErr> {
    while let Some(found) = by_number(db, merchant, number).await? {
        // Its number may have changed, or it was archived, while another transaction had it locked.
        let still_meant = |order: &Order| order.archived_at.is_none() && order.number == number;
        if let Some(order) = held(db, merchant, found.id).await?.filter(still_meant) {
            return Ok(Some(order));
        }
    }
    Ok(None)
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

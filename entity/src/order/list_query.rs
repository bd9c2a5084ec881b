//! The query of a list of orders, or one of several whose rows are put together: of orders with a link in states, and
//! paid in a way, that are read at once.

use std::marker::PhantomData;

use chrono::TimeDelta;
use sea_orm::{
    Condition, JoinType, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Alias, Expr, ExprTrait, SelectStatement},
};

use super::{Column, Entity, OrderSearch, Tag, tag_none, tag_unpaid};
use crate::{
    link::{self, PaidWay, open, rare_state},
    list::{Looks, Period, Place, Sort},
    looking::{Matches, Part, ReadRows, Within, few, is_among, last_of},
    search::Meant,
};
use domain::{LinkState, MerchantId, OrderId, link::Review};

/// The name of the rows that are looked through, where they are not orders themselves.
const LISTED: &str = "listed";

/// What the orders are found by, in the order of the list.
#[derive(Debug, Clone, Copy)]
enum OrderDriver {
    /// All orders, or those of one buyer.
    Orders,
    /// The orders with the tag `none`.
    Unasked,
    /// The orders with the tag `unpaid`.
    Unpaid,
    /// The open links.
    Open,
    /// The links in this rare state.
    Rare(LinkState),
    /// The links that could not be made.
    Failed,
    /// The links with this review.
    Reviewed(Review),
    /// The links that were paid elsewhere.
    Elsewhere,
}

/// See the [module](self).
pub(super) struct OrderPart<'a, C, R> {
    read: PhantomData<R>,
    db: &'a C,
    merchant: MerchantId,
    search: &'a OrderSearch,
    by: Option<PaidWay>,
    meant: Option<&'a Meant>,
}

impl<'a, C: ConnectionTrait, R> OrderPart<'a, C, R> {
    pub(super) const fn new(
        db: &'a C,
        merchant: MerchantId,
        search: &'a OrderSearch,
        (by, meant): (Option<PaidWay>, Option<&'a Meant>),
    ) -> Self {
        Self { read: PhantomData, db, merchant, search, by, meant }
    }

    fn driver(&self) -> OrderDriver {
        let search = self.search;
        match (search.statuses.as_slice(), search.tag, search.review, self.by) {
            _ if self.meant.is_some_and(Meant::is_one_buyer) => OrderDriver::Orders,
            ([LinkState::Unpaid], ..) => OrderDriver::Open,
            ([LinkState::Failed], ..) => OrderDriver::Failed,
            ([state], ..) if rare_state::contains(*state) => OrderDriver::Rare(*state),
            (_, _, Some(review), _) => OrderDriver::Reviewed(review),
            (_, Some(Tag::None), ..) => OrderDriver::Unasked,
            (_, Some(Tag::Unpaid), ..) => OrderDriver::Unpaid,
            (.., Some(PaidWay::Elsewhere)) => OrderDriver::Elsewhere,
            _ => OrderDriver::Orders,
        }
    }

    /// The orders by whose ids the list is looked through, up to this one.
    fn listed(&self, within: Within<OrderId>) -> SelectStatement {
        let links = || link::Entity::find().filter(link::Column::MerchantId.eq(self.merchant));
        let of_link = (link::Column::OrderId, within);
        match self.driver() {
            OrderDriver::Orders => self.each(self.orders(), (Column::Id, within)),
            OrderDriver::Unasked => self.each(tag_none::listed(self.merchant), (tag_none::Column::OrderId, within)),
            OrderDriver::Unpaid => self.each(tag_unpaid::listed(self.merchant), (tag_unpaid::Column::OrderId, within)),
            OrderDriver::Open => self.each(open::listed(self.merchant), (open::Column::OrderId, within)),
            OrderDriver::Rare(state) => {
                self.each(rare_state::listed(self.merchant, state), (rare_state::Column::OrderId, within))
            }
            OrderDriver::Failed => self.each(links().filter(link::Column::Failure.is_not_null()), of_link),
            OrderDriver::Reviewed(review) => self.each(links().filter(link::Column::Review.eq(review)), of_link),
            OrderDriver::Elsewhere => {
                // With their days, which the same index knows. An order may be there twice.
                let paid = links().filter(link::Column::ElsewhereOn.is_not_null()).select_only();
                let paid = paid.columns([link::Column::OrderId, link::Column::ElsewhereOn]);
                self.next(paid, of_link).into_query()
            }
        }
    }

    /// The orders themselves, as far as an index knows them.
    fn orders(&self) -> Select<Entity> {
        let orders = Entity::find().filter(Column::MerchantId.eq(self.merchant));
        let orders = if self.search.archived { orders.filter(Column::ArchivedAt.is_not_null()) } else { orders };
        match self.meant {
            Some(Meant::Buyer(phone)) => orders.filter(Column::CustomerPhone.eq(phone.clone())),
            Some(Meant::Text(_)) | None => orders,
        }
    }

    /// The orders of these rows, each once.
    fn each<E: EntityTrait>(&self, rows: Select<E>, of: (impl ColumnTrait, Within<OrderId>)) -> SelectStatement {
        self.next(rows.select_only().column(of.0).distinct(), of).into_query()
    }

    /// These rows from the page on, as far as their ids tell.
    fn next<E: EntityTrait>(&self, rows: Select<E>, (id, within): (impl ColumnTrait, Within<OrderId>)) -> Select<E> {
        // An order is created before it is paid by Stripe.
        let to = self.search.paid.at.to.filter(|_| self.by == Some(PaidWay::Stripe));
        let paid = Period { from: None, to }.of_ids(id, TimeDelta::zero());
        let created = self.search.created.of_ids(id, TimeDelta::zero());
        let rows = created.into_iter().chain(paid).fold(rows, Select::filter);
        let place = Place { after: within.after.or(self.search.place.after), ..self.search.place };
        place.up_to(within.end, place.of(rows, id), id)
    }

    /// The first orders among this many of those that are looked through.
    fn first(&self, many: u64, within: Within<OrderId>) -> Select<Entity> {
        let (mut orders, place) = (Entity::find(), self.search.place);
        let query = QueryTrait::query(&mut orders).from_clear();
        if matches!(self.driver(), OrderDriver::Orders) {
            let listed = self.next(self.orders(), (Column::Id, within)).limit(many).into_query();
            query.from_subquery(listed, Alias::new("orders"));
            return place.in_order(orders, Column::Id.into_expr());
        }
        let of_listed = |column: &str| Expr::col((Alias::new(LISTED), Alias::new(column)));
        let is_order = of_listed("order_id").eq(Expr::col((Entity, Column::Id)));
        // `SQLite` reads what is on the left of a `CROSS JOIN` first.
        query.from_subquery(self.listed(within).limit(many).to_owned(), Alias::new(LISTED)).join(
            JoinType::CrossJoin,
            Entity,
            is_order.clone(),
        );
        let mut orders = orders.filter(is_order);
        if matches!(self.driver(), OrderDriver::Elsewhere) {
            let days = link::on_days(&self.search.paid, &of_listed("elsewhere_on"));
            orders = days.into_iter().fold(orders, Select::filter);
        }
        place.in_order(orders, of_listed("order_id"))
    }

    /// What is asked of one order after the other, since the way to it does not tell.
    fn conditions(&self, driver: Option<OrderDriver>) -> Condition {
        let search = self.search;
        let archived = Column::ArchivedAt;
        let archived = if search.archived { archived.is_not_null() } else { archived.is_null() };
        // No comparison, as for the orders that are unpaid: PostgreSQL would estimate that few have this tag.
        let tag = search.tag.map(|tag| Expr::cust(format!("CASE WHEN orders.tag = '{tag}' THEN true ELSE false END")));
        let due = search.due_before.map(|day| Column::DueDate.lt(day.to_string()));
        let created = search.created.of(Column::CreatedAt);
        let all = [archived].into_iter().chain(tag).chain(due).chain(created).chain(self.has_link(driver));
        let all = all.fold(Condition::all(), Condition::add);
        self.meant.iter().fold(all, |all, meant| all.add(meant.one_by_one(self.merchant)))
    }

    /// The order has a link like that, if that is asked and not known. A scalar subquery is run for one order after the
    /// other on both databases.
    fn has_link(&self, driver: Option<OrderDriver>) -> Option<Expr> {
        let OrderSearch { statuses, review, .. } = self.search;
        let is_known = match driver {
            Some(OrderDriver::Rare(_)) => review.is_none() && self.by.is_none(),
            Some(OrderDriver::Reviewed(_)) => statuses.is_empty() && self.by.is_none(),
            _ => statuses.is_empty() && review.is_none() && self.by.is_none(),
        };
        if is_known {
            return None;
        }
        let of_order = Expr::col((link::Entity, link::Column::OrderId)).equals((Entity, Column::Id));
        let mut links = link::Entity::find().select_only().expr(Expr::val(1)).filter(of_order);
        if !statuses.is_empty() {
            links = links.filter(link::Column::State.is_in(statuses.iter().copied()));
        }
        let review = review.map(|review| link::Column::Review.eq(review));
        let paid = self.by.into_iter().flat_map(|by| link::paid(by, &self.search.paid));
        links = paid.chain(review).fold(links, Select::filter).limit(1);
        Some(Expr::SubQuery(None, Box::new(links.into_query().into())).is_not_null())
    }

    /// The orders that may be meant, if they are few by an index.
    async fn few(&self) -> Result<Option<Vec<OrderId>>, DbErr> {
        for orders in self.by_index() {
            if let Some(few) = few(self.db, orders, self.search.place.looks).await? {
                return Ok(Some(few));
            }
        }
        Ok(None)
    }

    /// The ids of the orders that may be meant, by each filter that has an index in another order.
    fn by_index(&self) -> Vec<SelectStatement> {
        let meant = self.meant.and_then(|meant| meant.by_index(self.merchant, self.db.get_database_backend()));
        let overdue = self.search.due_before.map(|day| tag_unpaid::unpaid_before(self.merchant, day));
        let elsewhere = self.by.filter(|by| *by == PaidWay::Elsewhere).map(|_| {
            let links = link::Entity::find().select_only().column(link::Column::OrderId);
            let links = links.filter(link::Column::MerchantId.eq(self.merchant));
            let days = link::on_days(&self.search.paid, &link::Column::ElsewhereOn.into_expr());
            days.into_iter().fold(links.filter(link::Column::ElsewhereOn.is_not_null()), Select::filter)
        });
        let meant = meant.map(QueryTrait::into_query).into_iter();
        meant.chain(overdue).chain(elsewhere.map(QueryTrait::into_query)).collect()
    }
}

impl<C, R> Part for OrderPart<'_, C, R>
where
    C: ConnectionTrait,
    R: ReadRows<Entity, Id = OrderId> + Sync,
{
    type Row = R::Row;
    type Id = OrderId;

    fn limit(&self) -> u64 {
        self.search.place.limit
    }

    fn sort(&self) -> Sort {
        self.search.place.sort
    }

    fn looks(&self) -> Looks {
        let looks = self.search.place.looks;
        let is_alone = matches!(self.driver(), OrderDriver::Orders) && self.has_link(None).is_none();
        if is_alone { looks } else { looks.with_others() }
    }

    fn id(row: &R::Row) -> OrderId {
        R::id(row)
    }

    fn is_exact(&self) -> bool {
        // Of all orders some are archived.
        false
    }

    async fn among(&self, many: u64, within: Within<OrderId>) -> Result<Matches<R::Row>, DbErr> {
        let orders = self.first(many, within).filter(self.conditions(Some(self.driver())));
        R::read(self.db, self.search.place.sort, orders).await
    }

    async fn last_of(&self, many: u64) -> Result<Option<OrderId>, DbErr> {
        last_of(self.db, self.listed(Within::ALL), many).await
    }

    async fn of_few(&self) -> Result<Option<Matches<R::Row>>, DbErr> {
        let Some(few) = self.few().await? else { return Ok(None) };
        let few = few.iter().map(|order| order.uuid()).collect();
        let is_one = is_among(Column::Id, few, self.db.get_database_backend());
        let orders = Entity::find().filter(Column::MerchantId.eq(self.merchant)).filter(is_one);
        let orders = self.search.place.of(orders.filter(self.conditions(None)), Column::Id);
        R::read(self.db, self.search.place.sort, orders).await.map(Some)
    }
}

//! The query of a list of links, or one of several whose rows are put together: of links in states, and paid in a way,
//! that are read at once.

use std::marker::PhantomData;

use chrono::TimeDelta;
use sea_orm::{
    Condition, JoinType, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Alias, Expr, ExprTrait, SelectStatement},
};

use super::{
    Column, Entity, LIFE, LinkSearch, open,
    paid_period::{PaidWay, on_days, paid},
    rare_state,
};
use crate::{
    list::{Looks, Place, Sort},
    looking::{Matches, Part, ReadRows, Within, few, is_among, last_of},
    order,
    search::Meant,
};
use domain::{LinkId, LinkState, MerchantId, OrderId};

/// The name of the rows that are looked through, where they are not links themselves.
const LISTED: &str = "listed";

/// What the links are found by, in the order of the list.
#[derive(Debug, Clone, Copy)]
enum LinkDriver {
    /// An index of links.
    Links,
    /// The table of open links.
    Open,
    /// The table of links in a rare state, of which those in this one.
    Rare(LinkState),
}

/// These states, as they are read by one query each: the rows of one state come in the order of the list, and those of
/// several do not. A paid link is never far, so that others are looked for together with it.
pub(crate) fn states_apart(states: &[LinkState]) -> Vec<Vec<LinkState>> {
    if states.contains(&LinkState::Paid) || states.is_empty() {
        return vec![states.to_vec()];
    }
    states.iter().map(|state| vec![*state]).collect()
}

/// See the [module](self).
pub(super) struct LinkPart<'a, C, R> {
    read: PhantomData<R>,
    db: &'a C,
    merchant: MerchantId,
    search: &'a LinkSearch,
    by: Option<PaidWay>,
    meant: Option<&'a Meant>,
}

impl<'a, C: ConnectionTrait, R> LinkPart<'a, C, R> {
    pub(super) const fn new(
        db: &'a C,
        merchant: MerchantId,
        search: &'a LinkSearch,
        (by, meant): (Option<PaidWay>, Option<&'a Meant>),
    ) -> Self {
        Self { read: PhantomData, db, merchant, search, by, meant }
    }

    fn driver(&self) -> LinkDriver {
        match self.search.states.as_slice() {
            _ if self.search.order.is_some() => LinkDriver::Links,
            [LinkState::Unpaid] => LinkDriver::Open,
            [state] if rare_state::contains(*state) => LinkDriver::Rare(*state),
            _ => LinkDriver::Links,
        }
    }

    /// The links themselves, by the index that knows most of them.
    fn links(&self) -> Select<Entity> {
        let LinkSearch { order, states, review, disputes, currency, .. } = self.search;
        let links = Entity::find().filter(Column::MerchantId.eq(self.merchant));
        if let Some(order) = order {
            return links.filter(Column::OrderId.eq(*order));
        }
        if states.as_slice() == [LinkState::Failed] {
            return links.filter(Column::Failure.is_not_null());
        }
        match (review, disputes.as_slice(), self.by, currency) {
            (Some(review), ..) => links.filter(Column::Review.eq(*review)),
            (None, [dispute], ..) => links.filter(Column::Dispute.eq(*dispute)),
            (None, _, Some(PaidWay::Elsewhere), _) => links.filter(Column::ElsewhereOn.is_not_null()),
            (None, _, _, Some(currency)) => links.filter(Column::Currency.eq(currency.as_str())),
            (None, _, _, None) => links,
        }
    }

    /// The links by whose ids the list is looked through, up to this one.
    fn listed(&self, within: Within<LinkId>) -> SelectStatement {
        match self.driver() {
            LinkDriver::Links => self.ids(self.links(), (Column::Id, within)),
            LinkDriver::Open => self.ids(open::listed(self.merchant), (open::Column::LinkId, within)),
            LinkDriver::Rare(state) => {
                self.ids(rare_state::listed(self.merchant, state), (rare_state::Column::LinkId, within))
            }
        }
    }

    fn ids<E: EntityTrait>(&self, rows: Select<E>, of: (impl ColumnTrait, Within<LinkId>)) -> SelectStatement {
        self.next(rows.select_only().column(of.0), of).into_query()
    }

    /// These rows from the page on, as far as their ids tell.
    fn next<E: EntityTrait>(&self, rows: Select<E>, (id, within): (impl ColumnTrait, Within<LinkId>)) -> Select<E> {
        let is_by_stripe = self.by == Some(PaidWay::Stripe);
        let made = if is_by_stripe { self.search.paid.at.of_ids(id, LIFE) } else { Vec::new() };
        let created = self.search.created.of_ids(id, TimeDelta::zero());
        let rows = created.into_iter().chain(made).fold(rows, Select::filter);
        let place = Place { after: within.after.or(self.search.place.after), ..self.search.place };
        place.up_to(within.end, place.of(rows, id), id)
    }

    /// The first links among this many of those that are looked through.
    fn first(&self, many: u64, within: Within<LinkId>) -> Select<Entity> {
        let (mut links, place) = (Entity::find(), self.search.place);
        let query = QueryTrait::query(&mut links).from_clear();
        if matches!(self.driver(), LinkDriver::Links) {
            let listed = self.next(self.links(), (Column::Id, within)).limit(many).into_query();
            query.from_subquery(listed, Alias::new("payment_link"));
            return place.in_order(links, Column::Id.into_expr());
        }
        let listed_id = Expr::col((Alias::new(LISTED), Alias::new("link_id")));
        let is_link = listed_id.clone().eq(Expr::col((Entity, Column::Id)));
        // `SQLite` reads what is on the left of a `CROSS JOIN` first.
        query.from_subquery(self.listed(within).limit(many).to_owned(), Alias::new(LISTED)).join(
            JoinType::CrossJoin,
            Entity,
            is_link.clone(),
        );
        place.in_order(links.filter(is_link), listed_id)
    }

    /// What is asked of one link after the other.
    fn conditions(&self) -> Condition {
        let search = self.search;
        let states = match search.states.as_slice() {
            [] => None,
            [state] => Some(open::is_in(*state)),
            states => Some(Column::State.is_in(states.iter().copied())),
        };
        let disputes = Some(&search.disputes).filter(|disputes| !disputes.is_empty());
        let asked = [
            states,
            search.order.map(|order| Column::OrderId.eq(order)),
            search.review.map(|review| Column::Review.eq(review)),
            disputes.map(|disputes| Column::Dispute.is_in(disputes.iter().copied())),
            search.currency.map(|currency| Column::Currency.eq(currency.as_str())),
            self.has_order(),
        ];
        let paid = self.by.into_iter().flat_map(|by| paid(by, &search.paid));
        let all = asked.into_iter().flatten().chain(search.created.of(Column::CreatedAt)).chain(paid);
        all.fold(Condition::all(), Condition::add)
    }

    /// The link's order is like that, if that is asked. A scalar subquery is run for one link after the other on both
    /// databases; as a list of orders or `EXISTS` it could be planned as a scan of all orders.
    fn has_order(&self) -> Option<Expr> {
        let tag = self.search.tag.map(|tag| order::Column::Tag.eq(tag));
        let at = order::Column::ArchivedAt;
        let archived = self.search.archived.map(|archived| if archived { at.is_not_null() } else { at.is_null() });
        let meant = self.meant.map(|meant| meant.one_by_one(self.merchant));
        if tag.is_none() && archived.is_none() && meant.is_none() {
            return None;
        }
        let of_link = Expr::col((order::Entity, order::Column::Id)).equals((Entity, Column::OrderId));
        let orders = order::Entity::find().select_only().expr(Expr::val(1)).filter(of_link);
        let orders = tag.into_iter().chain(archived).fold(orders, Select::filter);
        let orders = meant.into_iter().fold(orders, Select::filter).limit(1);
        Some(Expr::SubQuery(None, Box::new(orders.into_query().into())).is_not_null())
    }

    /// The links that may be meant, if they are few by an index: a condition that leads to them.
    async fn few(&self) -> Result<Option<Expr>, DbErr> {
        let (db, backend) = (self.db, self.db.get_database_backend());
        for orders in self.orders_by_index() {
            if let Some(few) = few::<OrderId>(db, orders, self.search.place.looks).await? {
                let few = few.iter().map(|order| order.uuid()).collect();
                return Ok(Some(is_among(Column::OrderId, few, backend)));
            }
        }
        for links in self.links_by_index() {
            if let Some(few) = few::<LinkId>(db, links, self.search.place.looks).await? {
                let few = few.iter().map(|link| link.uuid()).collect();
                return Ok(Some(is_among(Column::Id, few, backend)));
            }
        }
        Ok(None)
    }

    /// The ids of the orders whose links are meant, by each filter that has an index of orders.
    fn orders_by_index(&self) -> Vec<SelectStatement> {
        let meant = self.meant.and_then(|meant| meant.by_index(self.merchant, self.db.get_database_backend()));
        let tagged = match self.search.tag {
            Some(order::Tag::None) => Some(order::unasked(self.merchant)),
            Some(order::Tag::Unpaid) => Some(order::unpaid(self.merchant)),
            Some(order::Tag::Paid) | None => None,
        };
        let archived = self.search.archived.filter(|archived| *archived).map(|_| order::archived(self.merchant));
        meant.map(QueryTrait::into_query).into_iter().chain(tagged).chain(archived).collect()
    }

    /// The ids of the links that are meant, by each filter that has an index of links in another order.
    fn links_by_index(&self) -> Vec<SelectStatement> {
        let links = || Entity::find().select_only().column(Column::Id).filter(Column::MerchantId.eq(self.merchant));
        let disputed = Some(&self.search.disputes).filter(|disputes| !disputes.is_empty());
        let disputed = disputed.map(|disputes| links().filter(Column::Dispute.is_in(disputes.iter().copied())));
        let elsewhere = self.by.filter(|by| *by == PaidWay::Elsewhere).map(|_| {
            let days = on_days(&self.search.paid, &Column::ElsewhereOn.into_expr());
            days.into_iter().fold(links().filter(Column::ElsewhereOn.is_not_null()), Select::filter)
        });
        disputed.into_iter().chain(elsewhere).map(QueryTrait::into_query).collect()
    }
}

impl<C, R> Part for LinkPart<'_, C, R>
where
    C: ConnectionTrait,
    R: ReadRows<Entity, Id = LinkId> + Sync,
{
    type Row = R::Row;
    type Id = LinkId;

    fn limit(&self) -> u64 {
        self.search.place.limit
    }

    fn sort(&self) -> Sort {
        self.search.place.sort
    }

    fn looks(&self) -> Looks {
        let looks = self.search.place.looks;
        let is_alone = matches!(self.driver(), LinkDriver::Links) && self.has_order().is_none();
        if is_alone { looks } else { looks.with_others() }
    }

    fn id(row: &R::Row) -> LinkId {
        R::id(row)
    }

    fn is_exact(&self) -> bool {
        let LinkSearch { states, review, disputes, currency, created, .. } = self.search;
        let is_any = states.is_empty() && review.is_none() && disputes.is_empty() && currency.is_none();
        is_any && created.is_always() && self.by.is_none() && self.has_order().is_none()
    }

    async fn among(&self, many: u64, within: Within<LinkId>) -> Result<Matches<R::Row>, DbErr> {
        let links = self.first(many, within).filter(self.conditions());
        R::read(self.db, self.search.place.sort, links).await
    }

    async fn last_of(&self, many: u64) -> Result<Option<LinkId>, DbErr> {
        last_of(self.db, self.listed(Within::ALL), many).await
    }

    async fn of_few(&self) -> Result<Option<Matches<R::Row>>, DbErr> {
        let Some(is_one) = self.few().await? else { return Ok(None) };
        let links = Entity::find().filter(Column::MerchantId.eq(self.merchant)).filter(is_one);
        let links = self.search.place.of(links.filter(self.conditions()), Column::Id);
        R::read(self.db, self.search.place.sort, links).await.map(Some)
    }
}

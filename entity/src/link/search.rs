//! The merchant's list of links.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use sea_orm::{
    Condition, ExprTrait, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Expr, SelectStatement},
};

use super::{Column, Dispute, Entity, LIFE, Model, TimelineEntry, open, rare, timeline};
use crate::{
    list::{Found, MOST_AT_ONCE, PaidPeriod, Period, Place, RECENT, Sort, fitting, wider},
    order,
    search::{one_by_one, orders_meant_by, orders_of_buyer_meant_by},
};
use domain::{Currency, LinkId, LinkState, MerchantId, OrderId, link::Review};

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

/// A table of some links, which are read in its order.
enum Driver {
    /// Those in this rare state.
    Rare(LinkState),
    /// The open ones, of which those in this state are wanted.
    Open(LinkState),
}

impl LinkSearch {
    /// The condition on the link's order, if any.
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
            Some(tag @ order::Tag::Unpaid) => {
                orders = orders.filter(order::Column::Id.in_subquery(order::unpaid(merchant)));
                orders = orders.filter(order::Column::Tag.eq(tag));
            }
            Some(tag @ order::Tag::Paid) => orders = orders.filter(order::Column::Tag.eq(tag)),
            None => {}
        }
        if let Some(archived) = self.archived {
            let at = order::Column::ArchivedAt;
            orders = orders.filter(if archived { at.is_not_null() } else { at.is_null() });
        }
        Some(orders.into_query())
    }
}

/// The link is in one of these states. No index may contain the state, since every payment changes it; rare states are
/// found by a table of theirs, or by an indexed column that goes with them.
fn in_states(states: &[LinkState], is_open: Expr) -> Condition {
    let all = Condition::all().add(Column::State.is_in(states.iter().copied()));
    if states.iter().all(|state| state.is_open()) {
        return all.add(is_open);
    }
    let is_failed = |state: &LinkState| *state == LinkState::Failed;
    if states.iter().all(is_failed) { all.add(Column::Failure.is_not_null()) } else { all }
}

/// The same, in a query for orders that have such a link.
pub(crate) fn of_orders_in_states(states: &[LinkState]) -> Condition {
    in_states(states, Column::Id.in_subquery(open::links()))
}

/// Whether [`in_rare_states`] finds the links in these states, however few they are.
pub(crate) fn are_rare(states: &[LinkState]) -> bool {
    !states.is_empty() && states.iter().all(|state| rare::contains(*state))
}

/// The merchant's link is in one of these rare states, and was made in a period.
pub(crate) fn in_rare_states(merchant: MerchantId, states: &[LinkState], made: &Period) -> Condition {
    Condition::all().add(Column::Id.in_subquery(rare::links(merchant, states, made)))
}

/// The merchant's links that were or are in this state as ids, if a table or an index has few others beside them, in
/// the order of the list.
pub(crate) fn newest_in(merchant: MerchantId, state: LinkState, place: Place<LinkId>) -> Option<Select<Entity>> {
    let ids = Entity::find().select_only().column(Column::Id).filter(Column::MerchantId.eq(merchant));
    match state {
        LinkState::Failed => Some(place.of(ids.filter(Column::Failure.is_not_null()), Column::Id)),
        state if rare::contains(state) => Some(place.of(rare::only_in(ids, merchant, state), rare::Column::LinkId)),
        _ => None,
    }
}

/// These states, as they are read by one query each: the rows of one state come in the order of the list, and those of
/// several do not. A paid link is never far, so that others are looked for together with it.
pub(crate) fn states_apart(states: &[LinkState]) -> Vec<Vec<LinkState>> {
    if states.contains(&LinkState::Paid) || states.is_empty() {
        return vec![states.to_vec()];
    }
    states.iter().map(|state| vec![*state]).collect()
}

/// How a link was paid. Payments of a period are read by two queries: each has an index, and both together have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaidWay {
    /// Through Stripe, at a moment after the link was created.
    Stripe,
    /// Elsewhere, on a day that the merchant gives, which may be before the link was created.
    Elsewhere,
}

/// The ways of payment by which a period is read; only `None` if there is no period.
pub(crate) fn each_way(period: &PaidPeriod) -> Vec<Option<PaidWay>> {
    if period.at.is_always() { vec![None] } else { vec![Some(PaidWay::Stripe), Some(PaidWay::Elsewhere)] }
}

/// The link was paid by this way in this period.
pub(crate) fn paid(by: PaidWay, period: &PaidPeriod) -> Vec<Expr> {
    let elsewhere = Column::ElsewhereOn.is_not_null().and(Column::StripeSessionId.is_null());
    match by {
        PaidWay::Stripe => {
            let made = period.at.of_ids(Column::Id, LIFE);
            [vec![elsewhere.not(), Column::PaidAt.is_not_null()], period.at.of(Column::PaidAt), made].concat()
        }
        PaidWay::Elsewhere => {
            let (first, last) = period.days;
            let from = first.map(|first| Column::ElsewhereOn.gte(first.to_string()));
            let to = last.map(|last| Column::ElsewhereOn.lte(last.to_string()));
            [elsewhere, Column::PaidAt.is_not_null()].into_iter().chain(from).chain(to).collect()
        }
    }
}

/// The link's order is meant by this text. A scalar subquery is run for one link after the other on both databases; as
/// a list of orders or `EXISTS` it would be planned as a scan of all orders.
fn is_meant_by(text: &str, merchant: MerchantId) -> Expr {
    order_is(one_by_one(text, merchant))
}

/// The link's order is like that; read for one link after the other.
fn order_is(condition: Condition) -> Expr {
    let of_link = Expr::col((order::Entity, order::Column::Id)).equals((Entity, Column::OrderId));
    let orders = order::Entity::find().select_only().expr(Expr::val(1)).filter(of_link);
    let orders = orders.filter(condition).limit(1).into_query();
    Expr::SubQuery(None, Box::new(orders.into())).is_not_null()
}

/// A page of the merchant's links with their timelines; shorter if the links are large.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: LinkSearch,
) -> Result<Found<(Model, Vec<TimelineEntry>)>, DbErr> {
    let mut pages = Vec::new();
    for states in search.states_apart() {
        let mut of_states = LinkSearch { states, ..search.clone() };
        for by in each_way(&search.paid) {
            let page = of_states.part(db, merchant, by).await?;
            if let Some((last, _)) = page.last_of_full(&search.place) {
                of_states.created = of_states.created.before(last.created_at, search.place.sort);
            }
            pages.push(page);
        }
    }
    Ok(search.place.merged(pages, |(link, _)| link.id))
}

impl LinkSearch {
    /// The page, of the links that were paid in this way, if that is asked.
    async fn part(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        by: Option<PaidWay>,
    ) -> Result<Found<(Model, Vec<TimelineEntry>)>, DbErr> {
        let query = self.query(merchant, by);
        let in_orders = |meant: Condition| {
            let orders = order::Entity::find().select_only().column(order::Column::Id).filter(meant);
            Column::OrderId.in_subquery(orders.into_query())
        };
        let newest_first = self.place.sort == Sort::NewestFirst;
        let Some(text) = &self.text else {
            if self.tag == Some(order::Tag::Unpaid) && newest_first {
                let is_unpaid = order_is(Condition::all().add(order::Column::Tag.eq(order::Tag::Unpaid)));
                let of_any = Self { tag: None, ..self.clone() };
                if let Some(found) = of_any.among_newest(db, merchant, (by, is_unpaid)).await? {
                    return Ok(found);
                }
            }
            return self.page(db, query).await;
        };
        if let Some(theirs) = orders_of_buyer_meant_by(db, text, merchant).await? {
            return self.page(db, query.filter(in_orders(theirs))).await;
        }
        if newest_first && let Some(found) = self.among_newest(db, merchant, (by, is_meant_by(text, merchant))).await? {
            return Ok(found);
        }
        let meant = orders_meant_by(text, merchant, db.get_database_backend());
        self.page(db, query.filter(in_orders(meant))).await
    }

    /// A page of the links of which this is true, if the newest fill it. What is common is true of many links: looking
    /// through the newest finds a page sooner than collecting all of them from an index.
    async fn among_newest(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        (by, is_true): (Option<PaidWay>, Expr),
    ) -> Result<Option<Found<(Model, Vec<TimelineEntry>)>>, DbErr> {
        let mut window = Some(RECENT);
        while let Some(newest) = window {
            let Some(oldest) = self.oldest_of(db, merchant, newest).await? else { return Ok(None) };
            let query = self.query(merchant, by).filter(Column::Id.gte(oldest)).filter(is_true.clone());
            let found = self.page(db, query).await?;
            let count = found.rows.len() as u64;
            if found.has_more || count >= self.place.limit {
                return Ok(Some(found));
            }
            window = wider(newest, count, self.place.limit);
        }
        Ok(None)
    }

    /// The oldest of this many newest links, if there are more.
    async fn oldest_of(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        newest: u64,
    ) -> Result<Option<LinkId>, DbErr> {
        let place = Place { limit: 1, ..self.place };
        let links = Entity::find().select_only().column(Column::Id).filter(Column::MerchantId.eq(merchant));
        place.of(links, Column::Id).offset(newest).into_tuple().one(db).await
    }

    /// Everything but the text.
    fn query(&self, merchant: MerchantId, by: Option<PaidWay>) -> Select<Entity> {
        let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
        match self.driver() {
            Some(Driver::Rare(state)) => query = rare::only_in(query, merchant, state),
            Some(Driver::Open(state)) => query = open::only_in(query, merchant, state),
            None if self.states.is_empty() => {}
            None => {
                let is_open = Column::OrderId.in_subquery(open::orders());
                query = query.filter(in_states(&self.states, is_open));
            }
        }
        if let Some(order) = self.order {
            query = query.filter(Column::OrderId.eq(order));
        }
        if let Some(review) = self.review {
            query = query.filter(Column::Review.eq(review));
        }
        if !self.disputes.is_empty() {
            query = query.filter(Column::Dispute.is_in(self.disputes.iter().copied()));
        }
        if let Some(currency) = self.currency {
            query = query.filter(Column::Currency.eq(currency.as_str()));
        }
        let created = [self.created.of(Column::CreatedAt), self.created.of_ids(Column::Id, TimeDelta::zero())];
        let paid = by.into_iter().flat_map(|by| paid(by, &self.paid));
        query = created.into_iter().flatten().chain(paid).fold(query, Select::filter);
        match self.orders(merchant) {
            Some(orders) => query.filter(Column::OrderId.in_subquery(orders)),
            None => query,
        }
    }

    /// The table by which links in the only state are read. What is asked of an order, or found by a text, has an index
    /// of its own.
    fn driver(&self) -> Option<Driver> {
        match self.states.as_slice() {
            [state] if rare::contains(*state) => Some(Driver::Rare(*state)),
            [state @ LinkState::Unpaid] if self.order.is_none() && self.text.is_none() => Some(Driver::Open(*state)),
            _ => None,
        }
    }

    /// The states, as they are read by one query each.
    fn states_apart(&self) -> Vec<Vec<LinkState>> {
        let by_itself = self.order.is_none() && self.text.is_none();
        if by_itself { states_apart(&self.states) } else { vec![self.states.clone()] }
    }

    async fn page(
        &self,
        db: &impl ConnectionTrait,
        query: Select<Entity>,
    ) -> Result<Found<(Model, Vec<TimelineEntry>)>, DbErr> {
        let query = match self.driver() {
            Some(Driver::Rare(_)) => self.place.of(query, rare::Column::LinkId),
            Some(Driver::Open(_)) => self.place.of(query, open::Column::LinkId),
            None => self.place.of(query, Column::Id),
        };
        let mut links = query.all(db).await?;
        let few = fitting(links.iter().map(Model::bytes), MOST_AT_ONCE);
        let has_more = few < links.len();
        links.truncate(few);
        Ok(Found { rows: with_timelines(db, links).await?, has_more })
    }
}

/// The merchant's links with these ids, with their timelines.
///
/// # Errors
/// Returns an error if the database query fails.
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

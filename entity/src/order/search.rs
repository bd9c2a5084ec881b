//! The merchant's list of orders.

use chrono::NaiveDate;
use sea_orm::{
    QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Order as Direction, SelectStatement},
};

use super::{
    Column, Entity, Order, Tag,
    list_query::OrderPart,
    reading::{CountedOrders, WholeOrders},
};
use crate::{
    link,
    list::{Counted, Found, PaidPeriod, Period, Place},
    looking::{self, ReadRows, look},
    search::Meant,
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

/// A page of the merchant's orders; shorter if the orders are large, or if there are few among many others.
pub async fn search(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: OrderSearch,
) -> Result<Found<Order, OrderId>, DbErr> {
    page::<WholeOrders>(db, merchant, search).await
}

/// The same page, of what the orders are added up by.
pub async fn counted(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: OrderSearch,
) -> Result<Found<Counted<OrderId>, OrderId>, DbErr> {
    page::<CountedOrders>(db, merchant, search).await
}

async fn page<R: ReadRows<Entity, Id = OrderId> + Sync>(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    search: OrderSearch,
) -> Result<Found<R::Row, OrderId>, DbErr> {
    let meant = Meant::by_any(db, search.text.as_deref(), merchant).await?;
    let (mut parts, mut created) = (Vec::new(), search.created);
    for statuses in link::states_apart(&search.statuses) {
        for by in link::each_way(&search.paid) {
            let of_states = OrderSearch { statuses: statuses.clone(), created, ..search.clone() };
            let part = look(&OrderPart::<_, R>::new(db, merchant, &of_states, (by, meant.as_ref()))).await?;
            if let Some(end) = part.looked_to.and_then(OrderId::created_at) {
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
    search: OrderSearch,
    pages: u64,
) -> Result<bool, DbErr> {
    let meant = Meant::by_any(db, search.text.as_deref(), merchant).await?;
    for statuses in link::states_apart(&search.statuses) {
        for by in link::each_way(&search.paid) {
            let of_states = OrderSearch { statuses: statuses.clone(), ..search.clone() };
            let part = OrderPart::<_, CountedOrders>::new(db, merchant, &of_states, (by, meant.as_ref()));
            if looking::is_beyond(&part, pages, search.place.looks).await? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The ids of the merchant's archived orders.
pub(crate) fn archived(merchant: MerchantId) -> SelectStatement {
    let archived = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::ArchivedAt.is_not_null());
    archived.select_only().column(Column::Id).into_query()
}

/// The newest order with this number that is not archived.
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
pub async fn held(db: &impl ConnectionTrait, merchant: MerchantId, id: OrderId) -> Result<Option<Order>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock_exclusive().one(db).await
}

/// The newest order with this number that is not archived, locked until the transaction ends.
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

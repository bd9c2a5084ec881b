//! The orders with the tag `unpaid`, and some that had it a moment ago. Triggers of `orders` add rows; a tick removes
//! them, so that a payment costs nothing more, and queries ask for the tag as well. It replaces an index on the tag,
//! which would make each payment more expensive.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use chrono::NaiveDate;
use sea_orm::{
    JoinType, QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use domain::{Currency, MerchantId, OrderId};

/// An order with the tag `unpaid`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unpaid_order")]
pub struct Model {
    /// The order's merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    /// The day by which it is to be paid, such as `2026-12-31`.
    pub due_date: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The merchant's orders with the tag `unpaid`, to be listed.
pub(super) fn listed(merchant: MerchantId) -> Select<Entity> {
    Entity::find().filter(Column::MerchantId.eq(merchant))
}

/// Their ids.
pub(crate) fn unpaid(merchant: MerchantId) -> SelectStatement {
    listed(merchant).select_only().column(Column::OrderId).into_query()
}

/// The ids of those that were due before this day.
pub(super) fn unpaid_before(merchant: MerchantId, today: NaiveDate) -> SelectStatement {
    unpaid(merchant).cond_where(due_before(today)).to_owned()
}

/// The order is still unpaid. As a comparison, `PostgreSQL` would estimate that few of them are, as few of all orders
/// are, and would start processes to look through all.
const IS_UNPAID: &str = "CASE WHEN orders.tag = 'unpaid' THEN true ELSE false END";

/// They are overdue.
fn due_before(today: NaiveDate) -> Expr {
    Column::DueDate.lt(today.to_string())
}

/// A merchant's overdue orders, each with its amount in minor units.
#[derive(Debug)]
pub struct Overdue {
    /// Those that were due first.
    pub orders: Vec<(Currency, i64)>,
    /// Whether there are more.
    pub more: bool,
}

/// The merchant's orders that were due before this day and are unpaid; at most so many.
pub async fn overdue(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    today: NaiveDate,
    most: usize,
) -> Result<Overdue, DbErr> {
    let mut orders: Vec<(Currency, i64)> = only_unpaid(super::Entity::find(), merchant)
        .filter(due_before(today))
        .filter(super::Column::ArchivedAt.is_null())
        .select_only()
        .columns([super::Column::Currency, super::Column::Amount])
        .order_by_asc(Column::DueDate)
        .order_by_asc(Column::OrderId)
        .limit(most as u64 + 1)
        .into_tuple()
        .all(db)
        .await?;
    let more = orders.len() > most;
    orders.truncate(most);
    Ok(Overdue { orders, more })
}

/// Restricts a query to these orders; they drive it and its order. `SQLite` reads the table on the left of a
/// `CROSS JOIN` first; left to itself it may read all orders and sort them.
fn only_unpaid(mut orders: Select<super::Entity>, merchant: MerchantId) -> Select<super::Entity> {
    let is_of_order = Expr::col((super::Entity, super::Column::Id)).equals((Entity, Column::OrderId));
    QueryTrait::query(&mut orders).from_clear().from(Entity).join(
        JoinType::CrossJoin,
        super::Entity,
        is_of_order.clone(),
    );
    orders.filter(is_of_order).filter(Column::MerchantId.eq(merchant)).filter(Expr::cust(IS_UNPAID))
}

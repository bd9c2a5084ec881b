//! Erasing the buyers of old orders.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{LockType, Query, SelectStatement},
};

use super::{Column, Entity, Order, no_details};
use crate::{
    Transaction,
    change::{Change, ChangeKind},
    link,
    list::Period,
};
use domain::{MerchantId, OrderId};

/// A page, by id, of orders from before `cutoff` whose buyer is still known although no link of theirs has contents
/// left. Most of them never had a link.
pub async fn due_for_forgetting(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    after: Option<OrderId>,
    limit: u64,
) -> Result<Vec<Order>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::CustomerPhone.is_not_null())
        .filter(Column::CreatedAt.lte(cutoff))
        .filter(Expr::SubQuery(None, Box::new(unpurged_links().into())).is_null());
    // Those after it are walked for nothing.
    for bound in (Period { from: None, to: Some(cutoff) }).of_ids(Column::Id, TimeDelta::zero()) {
        query = query.filter(bound);
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// A link of an order that still has contents, as a scalar subquery, which is run for one order after the other: as
/// `NOT EXISTS` it would be planned as a merge with the links of all orders.
fn unpurged_links() -> SelectStatement {
    let mut links = Query::select();
    links
        .expr(Expr::value(1))
        .limit(1)
        .from(link::Entity)
        .and_where(Expr::col((link::Entity, link::Column::OrderId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((link::Entity, link::Column::PurgedAt)).is_null());
    links
}

/// Erases the buyers of these orders. Links that are created concurrently either come first or find no buyer.
pub async fn forget_customers(tx: &Transaction, orders: &[Order], now: DateTime<Utc>) -> Result<(), DbErr> {
    for order in orders {
        Entity::find_by_id(order.id).lock(LockType::NoKeyUpdate).one(tx).await?;
        forget_customer_if_all_purged(tx, order.merchant_id, order.id, now).await?;
    }
    Ok(())
}

/// Erases the buyer's name and number and the order's contents, once none of its links has contents left.
pub(crate) async fn forget_customer_if_all_purged(
    tx: &Transaction,
    merchant: MerchantId,
    id: OrderId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if link::of_order(tx, merchant, id).await?.iter().any(|link| link.purged_at.is_none()) {
        // The purged link's searchable text must go in any case.
        return crate::search::refresh(tx, merchant, id).await;
    }
    Entity::update_many()
        .col_expr(Column::CustomerName, Expr::value(""))
        .col_expr(Column::CustomerPhone, Expr::value(Option::<String>::None))
        .col_expr(Column::Details, Expr::value(no_details()?))
        .col_expr(Column::Metadata, Expr::value("{}"))
        .col_expr(Column::Notes, Expr::value(Option::<String>::None))
        .col_expr(Column::Language, Expr::value(Option::<String>::None))
        .col_expr(Column::InvoiceDate, Expr::value(Option::<String>::None))
        .col_expr(Column::DueDate, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .exec(tx)
        .await?;
    tx.changed(Change::order(ChangeKind::OrderUpdated, merchant, id, now));
    crate::search::refresh(tx, merchant, id).await
}

//! What is read of the orders of a list.

use sea_orm::{QuerySelect, Select, entity::prelude::*};

use super::{Column, Entity, Order, Tag, volume::first_of};
use crate::{
    list::{Counted, Sort},
    looking::{Matches, ReadRows},
    money_column::stored_money,
};
use domain::{Currency, OrderId};

/// Reads whole orders.
pub(super) struct WholeOrders;

impl ReadRows<Entity> for WholeOrders {
    type Row = Order;
    type Id = OrderId;

    fn id(order: &Order) -> OrderId {
        order.id
    }

    async fn read(db: &impl ConnectionTrait, sort: Sort, selected: Select<Entity>) -> Result<Matches<Order>, DbErr> {
        first_of(db, sort, selected).await
    }
}

/// Reads what orders are added up by.
pub(super) struct CountedOrders;

impl ReadRows<Entity> for CountedOrders {
    type Row = Counted<OrderId>;
    type Id = OrderId;

    fn id(order: &Counted<OrderId>) -> OrderId {
        order.id
    }

    async fn read(
        db: &impl ConnectionTrait,
        _: Sort,
        selected: Select<Entity>,
    ) -> Result<Matches<Counted<OrderId>>, DbErr> {
        let columns = [Column::Id, Column::Amount, Column::Currency, Column::Tag];
        let rows: Vec<(OrderId, i64, Currency, Tag)> =
            selected.select_only().columns(columns).into_tuple().all(db).await?;
        let counted = |(id, amount, currency, tag): (_, _, _, Tag)| {
            Ok(Counted { id, money: Some(stored_money(amount, currency)?), is_unpaid: tag == Tag::Unpaid })
        };
        Ok(Matches { rows: rows.into_iter().map(counted).collect::<Result<_, DbErr>>()?, is_cut: false })
    }
}

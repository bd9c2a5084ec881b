//! The orders with the tag `none`. Triggers of `orders` keep the table up to date. It replaces an index on the tag,
//! which would make each payment more expensive.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use sea_orm::{QuerySelect, QueryTrait, Select, entity::prelude::*, sea_query::SelectStatement};

use domain::{MerchantId, OrderId};

/// An order with the tag `none`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unasked_order")]
pub struct Model {
    /// The order's merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
}

impl ActiveModelBehavior for ActiveModel {}

/// The merchant's orders with the tag `none`, to be listed.
pub(super) fn listed(merchant: MerchantId) -> Select<Entity> {
    Entity::find().filter(Column::MerchantId.eq(merchant))
}

/// Their ids.
pub(crate) fn unasked(merchant: MerchantId) -> SelectStatement {
    listed(merchant).select_only().column(Column::OrderId).into_query()
}

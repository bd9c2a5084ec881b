//! The orders that nobody is asked to pay, whose tag is `none`. Triggers of `orders` keep them: they are an index of the tag, but for what a
//! payment would cost with one.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use sea_orm::{JoinType, QuerySelect, QueryTrait, RelationDef, Select, entity::prelude::*, sea_query::SelectStatement};

use domain::{MerchantId, OrderId};

/// An order that nobody is asked to pay.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unasked_order")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
}

impl ActiveModelBehavior for ActiveModel {}

/// The merchant's orders that nobody is asked to pay.
pub(crate) fn unasked(merchant: MerchantId) -> SelectStatement {
    Entity::find().select_only().column(Column::OrderId).filter(Column::MerchantId.eq(merchant)).into_query()
}

/// Those of the orders that are among them, which are found by them and in their order.
pub(super) fn only_unasked(orders: Select<super::Entity>, merchant: MerchantId) -> Select<super::Entity> {
    let is_of_order: RelationDef = super::Entity::belongs_to(Entity).from(super::Column::Id).to(Column::OrderId).into();
    orders.join(JoinType::InnerJoin, is_of_order).filter(Column::MerchantId.eq(merchant))
}

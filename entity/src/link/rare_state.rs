//! The links in a rare state: in transit, or closed unpaid. Triggers of `payment_link` keep the table up to date. It
//! replaces an index on the state, which would make each payment more expensive. The table has its name from when it
//! had only closed links.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use sea_orm::{Select, entity::prelude::*};

use domain::{LinkId, LinkState, MerchantId, OrderId};

/// A link in a rare state.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_link")]
pub struct Model {
    /// The link's merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Its state.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state: LinkState,
    /// The link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: LinkId,
    /// Its order.
    pub order_id: Option<OrderId>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether links in this state are in the table.
pub(crate) const fn contains(state: LinkState) -> bool {
    match state {
        LinkState::Creating
        | LinkState::Processing
        | LinkState::Voiding
        | LinkState::Expiring
        | LinkState::Settling
        | LinkState::Voided
        | LinkState::Expired => true,
        LinkState::Unpaid | LinkState::Paid | LinkState::Failed => false,
    }
}

/// The merchant's links in this state, to be listed with their orders.
pub(crate) fn listed(merchant: MerchantId, state: LinkState) -> Select<Entity> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::State.eq(state))
}

//! The links that were closed unpaid, by state. Triggers of `payment_link` keep the table up to date. It replaces an
//! index, which would make each payment more expensive.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use sea_orm::{JoinType, QuerySelect, QueryTrait, RelationDef, Select, entity::prelude::*, sea_query::SelectStatement};

use domain::{LinkId, LinkState, MerchantId};

/// A link that was closed unpaid.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_link")]
pub struct Model {
    /// The merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Its state: `voided` or `expired`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state: LinkState,
    /// The link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: LinkId,
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether links in this state are in the table.
pub(super) const fn contains(state: LinkState) -> bool {
    match state {
        LinkState::Voided | LinkState::Expired => true,
        LinkState::Creating
        | LinkState::Unpaid
        | LinkState::Processing
        | LinkState::Voiding
        | LinkState::Expiring
        | LinkState::Settling
        | LinkState::Paid
        | LinkState::Failed => false,
    }
}

/// The merchant's links that were closed in one of these states.
pub(super) fn links(merchant: MerchantId, states: &[LinkState]) -> SelectStatement {
    let links = Entity::find().select_only().column(Column::LinkId).filter(Column::MerchantId.eq(merchant));
    links.filter(Column::State.is_in(states.iter().copied())).into_query()
}

/// Restricts a query to the merchant's links that were closed in this state; they drive it and its order.
pub(super) fn only_closed(
    links: Select<super::Entity>,
    merchant: MerchantId,
    state: LinkState,
) -> Select<super::Entity> {
    let is_link: RelationDef = super::Entity::belongs_to(Entity).from(super::Column::Id).to(Column::LinkId).into();
    links.join(JoinType::InnerJoin, is_link).filter(Column::MerchantId.eq(merchant)).filter(Column::State.eq(state))
}

//! The links in a rare state: in transit, or closed unpaid. Triggers of `payment_link` keep the table up to date. It
//! replaces an index on the state, which would make each payment more expensive. The table has its name from when it
//! had only closed links.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use chrono::TimeDelta;
use sea_orm::{JoinType, QuerySelect, QueryTrait, RelationDef, Select, entity::prelude::*, sea_query::SelectStatement};

use crate::list::Period;
use domain::{LinkId, LinkState, MerchantId};

/// A link in a rare state.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_link")]
pub struct Model {
    /// The merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Its state.
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

/// The merchant's links in one of these states that were made in a period.
pub(super) fn links(merchant: MerchantId, states: &[LinkState], made: &Period) -> SelectStatement {
    let links = Entity::find().select_only().column(Column::LinkId).filter(Column::MerchantId.eq(merchant));
    let links = links.filter(Column::State.is_in(states.iter().copied()));
    made.of_ids(Column::LinkId, TimeDelta::zero()).into_iter().fold(links, Select::filter).into_query()
}

/// Restricts a query to the merchant's links in this state; they drive it and its order.
pub(super) fn only_in(links: Select<super::Entity>, merchant: MerchantId, state: LinkState) -> Select<super::Entity> {
    let is_link: RelationDef = super::Entity::belongs_to(Entity).from(super::Column::Id).to(Column::LinkId).into();
    links.join(JoinType::InnerJoin, is_link).filter(Column::MerchantId.eq(merchant)).filter(Column::State.eq(state))
}

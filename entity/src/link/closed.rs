//! The links that were closed unpaid, by state, and those that were paid, by time. Triggers of `payment_link` keep both
//! tables up to date. They replace indexes, which would make each payment more expensive.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use sea_orm::{
    ExprTrait, JoinType, QuerySelect, QueryTrait, RelationDef, Select,
    entity::prelude::*,
    sea_query::{Query, SelectStatement},
};

use crate::list::Period;
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

/// The paid links. It may contain links whose payment was taken back.
#[derive(DeriveIden)]
enum PaidLink {
    Table,
    MerchantId,
    PaidAt,
    LinkId,
}

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

/// The merchant's links that were paid in this period, and perhaps some whose payment was taken back.
pub(super) fn paid(merchant: MerchantId, period: &Period) -> SelectStatement {
    let at = || Expr::col(PaidLink::PaidAt);
    let mut links = Query::select();
    links.column(PaidLink::LinkId).from(PaidLink::Table).and_where(Expr::col(PaidLink::MerchantId).eq(merchant));
    if let Some(from) = period.from {
        links.and_where(at().gte(from));
    }
    if let Some(to) = period.to {
        links.and_where(at().lte(to));
    }
    links
}

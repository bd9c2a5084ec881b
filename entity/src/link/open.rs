//! The open links, at most one for an order, and the links of payments. Triggers of `payment_link` keep both tables up
//! to date. They replace indexes, which would make each update of a link more expensive.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait, JoinType, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Order, Query, SelectStatement},
};

use domain::{LinkId, LinkState, MerchantId, OrderId};

/// An open link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "open_link")]
pub struct Model {
    /// Its order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    /// The link.
    pub link_id: LinkId,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// Since when it has not been checked at Stripe.
    pub check_at: DateTime<Utc>,
    /// The link's merchant.
    pub merchant_id: Option<MerchantId>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The payment of each paid link.
#[derive(DeriveIden)]
enum LinkIntent {
    Table,
    MerchantId,
    Intent,
    LinkId,
}

/// The merchant's open links.
pub(crate) fn of_merchant(merchant: MerchantId) -> SelectStatement {
    listed(merchant).select_only().column(Column::LinkId).into_query()
}

/// The merchant's open links, to be listed with their orders.
pub(crate) fn listed(merchant: MerchantId) -> Select<Entity> {
    Entity::find().filter(Column::MerchantId.eq(merchant))
}

/// The link is in this state. As a comparison, `PostgreSQL` would estimate that few open links are, as few of all links
/// are, and would rather read and sort all of them.
pub(super) fn is_in(state: LinkState) -> Expr {
    Expr::cust(format!("CASE WHEN payment_link.state = '{state}' THEN true ELSE false END"))
}

/// Restricts a query to the merchant's open links in this state; the open ones drive it and its order. `SQLite` reads
/// the table on the left of a `CROSS JOIN` first; left to itself it may read all links.
pub(crate) fn only_in(
    mut links: Select<super::Entity>,
    merchant: MerchantId,
    state: LinkState,
) -> Select<super::Entity> {
    let is_link = Expr::col((super::Entity, super::Column::Id)).equals((Entity, Column::LinkId));
    QueryTrait::query(&mut links).from_clear().from(Entity).join(JoinType::CrossJoin, super::Entity, is_link.clone());
    links.filter(is_link).filter(Column::MerchantId.eq(merchant)).filter(is_in(state))
}

/// The open links past their expiry.
pub(super) fn expired(now: DateTime<Utc>) -> SelectStatement {
    Entity::find().select_only().column(Column::LinkId).filter(Column::ExpiresAt.lte(now)).into_query()
}

/// The open links that have not been checked at Stripe since `cutoff`, the longest unchecked first.
pub(super) fn unchecked_since(cutoff: DateTime<Utc>) -> Select<super::Entity> {
    let mut links = super::Entity::find();
    QueryTrait::query(&mut links)
        .inner_join(Entity, Expr::col((Entity, Column::LinkId)).equals((super::Entity, super::Column::Id)))
        .and_where(Expr::col((Entity, Column::CheckAt)).lte(cutoff))
        .order_by((Entity, Column::CheckAt), Order::Asc)
        .order_by((Entity, Column::LinkId), Order::Asc);
    links
}

/// The merchant's links that were paid by this `pi_…`.
pub(super) fn paid_by(merchant: MerchantId, payment_intent: &str) -> SelectStatement {
    Query::select()
        .column(LinkIntent::LinkId)
        .from(LinkIntent::Table)
        .and_where(Expr::col(LinkIntent::MerchantId).eq(merchant))
        .and_where(Expr::col(LinkIntent::Intent).eq(payment_intent))
        .take()
}

//! Two lookup tables: the open link of each order, of which there is at most one, and the link of each payment intent. They are maintained
//! by triggers of `payment_link`, and are in effect indexes that cost updates of a link nothing when neither changes.

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{Order, Query, SelectStatement},
};

use super::{Column, Entity};
use domain::MerchantId;

/// The open links.
#[derive(DeriveIden)]
enum OpenLink {
    Table,
    OrderId,
    LinkId,
    ExpiresAt,
    CheckAt,
}

/// By which payment a link was paid.
#[derive(DeriveIden)]
enum LinkIntent {
    Table,
    MerchantId,
    Intent,
    LinkId,
}

/// The orders of the open links.
pub(super) fn orders() -> SelectStatement {
    Query::select().column(OpenLink::OrderId).from(OpenLink::Table).take()
}

/// The open links.
pub(super) fn links() -> SelectStatement {
    Query::select().column(OpenLink::LinkId).from(OpenLink::Table).take()
}

/// The open links whose time is over.
pub(super) fn expired(now: DateTime<Utc>) -> SelectStatement {
    Query::select()
        .column(OpenLink::LinkId)
        .from(OpenLink::Table)
        .and_where(Expr::col(OpenLink::ExpiresAt).lte(now))
        .take()
}

/// The open links that Stripe was not asked about since `cutoff`, longest first.
pub(super) fn unchecked_since(cutoff: DateTime<Utc>) -> Select<Entity> {
    let mut links = Entity::find();
    QueryTrait::query(&mut links)
        .inner_join(OpenLink::Table, Expr::col((OpenLink::Table, OpenLink::LinkId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((OpenLink::Table, OpenLink::CheckAt)).lte(cutoff))
        .order_by((OpenLink::Table, OpenLink::CheckAt), Order::Asc)
        .order_by((OpenLink::Table, OpenLink::LinkId), Order::Asc);
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

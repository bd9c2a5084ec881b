//! The tag of an order, which follows the states of its links.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity};
use crate::{
    Rows, Transaction,
    change::{Change, ChangeKind},
    link,
};
use domain::{LinkState, MerchantId, OrderId, words};

words! {
    /// The payment status of an order. It outlives the purge of the order's links.
    pub enum Tag {
        /// No payment was requested, or the request was withdrawn.
        None = "none",
        /// A payment was requested and has not arrived.
        Unpaid = "unpaid",
        /// Paid.
        Paid = "paid",
    }
}

/// Updates orders' tags after changes of their links. Several links of one order are applied in the given order.
pub(crate) async fn refresh_tags(
    tx: &Transaction,
    moved: impl Iterator<Item = &link::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    // Sorted, so that two groups cannot deadlock.
    let mut tags: BTreeMap<OrderId, (MerchantId, Tag)> = BTreeMap::new();
    for link in moved {
        let Some(tag) = tag_after(link.state) else { continue };
        let (_, last) = tags.entry(link.order_id).or_insert((link.merchant_id, tag));
        if *last != Tag::Paid {
            *last = tag;
        }
    }
    let mut rows = Rows::new([("the_order", "uuid"), ("the_merchant", "uuid"), ("is_tag", "text")]);
    for (order, (merchant, tag)) in tags {
        rows.push([order.into(), merchant.into(), tag.into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    // A paid order stays paid whatever happens to its other links.
    let update = "UPDATE orders SET tag = is_tag FROM v \
        WHERE id = the_order AND merchant_id = the_merchant AND tag <> {0} AND tag <> is_tag RETURNING id, merchant_id";
    let statement = rows.statement(tx.get_database_backend(), update, vec![Tag::Paid.into()]);
    for row in tx.query_all_raw(statement).await? {
        let (order, merchant) = (row.try_get("", "id")?, row.try_get("", "merchant_id")?);
        tx.changed(Change::order(ChangeKind::OrderUpdated, merchant, order, now));
    }
    Ok(())
}

/// Resets the tag of an order whose link was not paid after all, unless another of its links is paid or open.
pub(crate) async fn take_back_paid(tx: &Transaction, link: &link::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let links = link::of_order(tx, link.merchant_id, link.order_id).await?;
    if links.iter().any(|other| other.id != link.id && other.state == LinkState::Paid) {
        return Ok(());
    }
    let asks = |other: &link::Model| {
        other.id != link.id && other.state.is_open() && tag_after(other.state) == Some(Tag::Unpaid)
    };
    let tag = if links.iter().any(asks) { Tag::Unpaid } else { Tag::None };
    Entity::update_many()
        .col_expr(Column::Tag, Expr::value(tag))
        .filter(Column::Id.eq(link.order_id))
        .filter(Column::MerchantId.eq(link.merchant_id))
        .exec(tx)
        .await?;
    tx.changed(Change::order(ChangeKind::OrderUpdated, link.merchant_id, link.order_id, now));
    Ok(())
}

/// The tag of an order after one of its links has reached this state; `None` for no change.
const fn tag_after(link: LinkState) -> Option<Tag> {
    match link {
        LinkState::Paid => Some(Tag::Paid),
        // The request was withdrawn.
        LinkState::Voided => Some(Tag::None),
        // An expired link leaves its order unpaid.
        LinkState::Unpaid
        | LinkState::Processing
        | LinkState::Voiding
        | LinkState::Expiring
        | LinkState::Expired
        | LinkState::Settling => Some(Tag::Unpaid),
        LinkState::Creating | LinkState::Failed => None,
    }
}

//! Brings the rows from before [`m0125_orders_of_rare_links`](super::m0125_orders_of_rare_links) up to date, and indexes
//! them by order. So it does with links that could not be made, need a review or were paid elsewhere, of which an order
//! or a day was known to no index in the order of a list.
//!
//! None contains a column that a payment through Stripe changes. On PostgreSQL they are [built ahead](crate::ahead). Rows
//! of `closed_link` are locked until those are brought up to date that are so together: what ends a link in transit, or
//! pays a closed one, waits that long. Most are brought up to date [ahead](crate::fill).

use sea_orm_migration::prelude::*;

use crate::{
    ahead::{Index, IndexStep},
    dialect,
    fill::Fill,
};

pub(crate) const INDEXES: IndexStep = IndexStep {
    name: "m0126_orders_of_rare_links_from_before",
    indexes: &[
        Index::new("closed_link_by_order", "closed_link", "(merchant_id, state, order_id)"),
        Index::new("payment_link_failed_by_order", "payment_link", "(merchant_id, order_id) WHERE failure IS NOT NULL"),
        Index::new(
            "payment_link_to_review_by_order",
            "payment_link",
            "(merchant_id, review, order_id) WHERE review IS NOT NULL",
        ),
        Index::new(
            "payment_link_elsewhere_by_order",
            "payment_link",
            "(merchant_id, order_id, elsewhere_on) WHERE elsewhere_on IS NOT NULL",
        ),
        Index::new(
            "payment_link_elsewhere",
            "payment_link",
            "(merchant_id, id, elsewhere_on) WHERE elsewhere_on IS NOT NULL",
        ),
    ],
};

pub(crate) const FILL: Fill = Fill {
    step: INDEXES.name,
    table: "payment_link",
    statements: &["UPDATE closed_link SET order_id = found.order_id
        FROM (SELECT closed_link.merchant_id, closed_link.state, closed_link.link_id, payment_link.order_id FROM payment_link
            JOIN closed_link ON closed_link.merchant_id = payment_link.merchant_id
                AND closed_link.state = payment_link.state AND closed_link.link_id = payment_link.id
            WHERE {page} FOR NO KEY UPDATE OF closed_link SKIP LOCKED) AS found
        WHERE closed_link.merchant_id = found.merchant_id AND closed_link.state = found.state
            AND closed_link.link_id = found.link_id"],
    before: None,
    indexes: &[],
};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        INDEXES.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        INDEXES.up(manager).await?;
        let fill = "UPDATE closed_link SET order_id = \
                (SELECT order_id FROM payment_link WHERE payment_link.id = closed_link.link_id) \
            WHERE order_id IS NULL";
        dialect::run(manager, fill).await
    }
}

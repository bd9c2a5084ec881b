//! Copies the orders from before the triggers of [`m0093_unasked_orders`](super::m0093_unasked_orders).
//!
//! On PostgreSQL the rows that are copied together stay locked until they are, so that an order whose payment is
//! requested meanwhile is not copied by mistake. These are the orders without a link, so no payment waits for them, and
//! most are [copied ahead](crate::fill).

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{dialect, fill::Fill};

pub(crate) const FILL: Fill = Fill {
    step: "m0094_unasked_orders_from_before",
    table: "orders",
    statements: &["INSERT INTO unasked_order (merchant_id, order_id) SELECT merchant_id, id FROM orders
        WHERE tag = 'none' AND {page} FOR NO KEY UPDATE SKIP LOCKED ON CONFLICT DO NOTHING"],
    before: None,
    indexes: &[],
};

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let held = if matches!(manager.get_database_backend(), DbBackend::Postgres) { "FOR NO KEY UPDATE" } else { "" };
        let insert = format!(
            "INSERT INTO unasked_order (merchant_id, order_id) SELECT merchant_id, id FROM orders WHERE tag = 'none' \
                AND NOT EXISTS (SELECT 1 FROM unasked_order AS copied \
                    WHERE copied.merchant_id = orders.merchant_id AND copied.order_id = orders.id) {held} \
             ON CONFLICT DO NOTHING"
        );
        dialect::run(manager, &insert).await
    }
}

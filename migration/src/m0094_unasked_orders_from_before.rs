//! Copies the orders from before the triggers of [`m0093_unasked_orders`](super::m0093_unasked_orders).
//!
//! On PostgreSQL their rows stay locked until all are copied, so that an order whose payment is requested meanwhile is
//! not copied by mistake. These are the orders without a link, so no payment waits for them.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let held = if matches!(manager.get_database_backend(), DbBackend::Postgres) { "FOR NO KEY UPDATE" } else { "" };
        let insert = format!(
            "INSERT INTO unasked_order (merchant_id, order_id) SELECT merchant_id, id FROM orders WHERE tag = 'none' {held} \
             ON CONFLICT DO NOTHING"
        );
        dialect::run(manager, &insert).await
    }
}

//! The orders from before the triggers of [`m0093_unasked_orders`](super::m0093_unasked_orders).
//!
//! On `PostgreSQL` each is held until all are written, so that none that is asked for meanwhile is written all the same; those are the
//! orders without a link, and no payment waits for them.

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

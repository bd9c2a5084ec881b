//! Copies the closed links from before the triggers of [`m0096_closed_links`](super::m0096_closed_links).
//!
//! On PostgreSQL they stay locked until all are copied, so that a link that is paid meanwhile is not copied by mistake.
//! Payments of closed links are rare; one that arrives waits that long.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let held = if matches!(manager.get_database_backend(), DbBackend::Postgres) { "FOR NO KEY UPDATE" } else { "" };
        let insert = format!(
            "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link \
             WHERE state IN ('voided', 'expired') {held} ON CONFLICT DO NOTHING"
        );
        dialect::run(manager, &insert).await
    }
}

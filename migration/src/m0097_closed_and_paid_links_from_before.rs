//! Copies the links from before the triggers of [`m0096_closed_and_paid_links`](super::m0096_closed_and_paid_links).
//!
//! On PostgreSQL closed links stay locked until all are copied, so that one that is paid after all meanwhile is not
//! copied by mistake. A payment that arrives for such a link waits that long; it is rare. Paid links need no lock: what
//! is not true any more may stand there.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let held = if matches!(manager.get_database_backend(), DbBackend::Postgres) { "FOR NO KEY UPDATE" } else { "" };
        let closed = format!(
            "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link \
             WHERE state IN ('voided', 'expired') {held} ON CONFLICT DO NOTHING"
        );
        let paid = "INSERT INTO paid_link (merchant_id, paid_at, link_id) SELECT merchant_id, paid_at, id FROM payment_link \
             WHERE paid_at IS NOT NULL ON CONFLICT DO NOTHING";
        dialect::run(manager, &format!("{closed}; {paid}")).await
    }
}

//! Copies the closed links from before the triggers of [`m0096_closed_links`](super::m0096_closed_links).
//!
//! On PostgreSQL those that are copied together stay locked until they are, so that a link that is paid meanwhile is not
//! copied by mistake. Payments of closed links are rare, and most links are [copied ahead](crate::fill).

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{dialect, fill::Fill};

pub(crate) const FILL: Fill = Fill {
    step: "m0097_closed_links_from_before",
    table: "payment_link",
    statements: &[
        "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link
        WHERE state IN ('voided', 'expired') AND {page} FOR NO KEY UPDATE SKIP LOCKED ON CONFLICT DO NOTHING",
    ],
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
            "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link \
             WHERE state IN ('voided', 'expired') AND NOT EXISTS (SELECT 1 FROM closed_link AS copied \
                WHERE copied.merchant_id = payment_link.merchant_id AND copied.state = payment_link.state \
                    AND copied.link_id = payment_link.id) {held} ON CONFLICT DO NOTHING"
        );
        dialect::run(manager, &insert).await
    }
}

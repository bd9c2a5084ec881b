//! Brings the links from before [`m0117_links_by_state`](super::m0117_links_by_state) into what its triggers write, and
//! indexes them.
//!
//! On PostgreSQL the indexes are [built ahead](crate::ahead). Links in transit, and what `open_link` has of open ones,
//! are locked until all are brought in: a payment of an open link waits that long, a moment for ten thousand of them.
//! Links come before what their triggers write, as everywhere.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    ahead::{Index, IndexStep},
    dialect,
    m0117_links_by_state::IN_TRANSIT,
};

pub(crate) const INDEXES: IndexStep = IndexStep {
    name: "m0118_links_by_state_from_before",
    indexes: &[
        Index::new("open_link_of_merchant", "open_link", "(merchant_id, link_id)"),
        Index::new("open_link_by_order", "open_link", "(merchant_id, order_id)"),
    ],
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
        let held = if matches!(manager.get_database_backend(), DbBackend::Postgres) { "FOR NO KEY UPDATE" } else { "" };
        let insert = format!(
            "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link \
             WHERE id IN (SELECT link_id FROM open_link) AND state IN {IN_TRANSIT} {held} ON CONFLICT DO NOTHING; \
             UPDATE open_link SET merchant_id = \
                (SELECT merchant_id FROM payment_link WHERE payment_link.id = open_link.link_id) \
             WHERE merchant_id IS NULL"
        );
        dialect::run(manager, &insert).await
    }
}

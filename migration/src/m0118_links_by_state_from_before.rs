//! Brings the links from before [`m0117_links_by_state`](super::m0117_links_by_state) into what its triggers write, and
//! indexes them.
//!
//! On PostgreSQL the indexes are [built ahead](crate::ahead). Links in transit, and what `open_link` has of open ones,
//! are locked until those are brought in that are brought in together, and a payment of such a link waits that long.
//! Most are brought in [ahead](crate::fill). Links come before what their triggers write, as everywhere.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    ahead::{Index, IndexStep},
    dialect,
    fill::Fill,
    m0117_links_by_state::IN_TRANSIT,
};

pub(crate) const INDEXES: IndexStep = IndexStep {
    name: "m0118_links_by_state_from_before",
    indexes: &[
        Index::new("open_link_of_merchant", "open_link", "(merchant_id, link_id)"),
        Index::new("open_link_by_order", "open_link", "(merchant_id, order_id)"),
    ],
};

pub(crate) const FILL: Fill = Fill {
    step: INDEXES.name,
    table: "payment_link",
    statements: &[
        "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link
            WHERE state IN ('creating', 'processing', 'voiding', 'expiring', 'settling') AND {page}
            FOR NO KEY UPDATE SKIP LOCKED ON CONFLICT DO NOTHING",
        "UPDATE open_link SET merchant_id = found.merchant_id
            FROM (SELECT open_link.order_id, payment_link.merchant_id FROM payment_link
                JOIN open_link ON open_link.order_id = payment_link.order_id AND open_link.link_id = payment_link.id
                WHERE {page} FOR NO KEY UPDATE OF open_link SKIP LOCKED) AS found
            WHERE open_link.order_id = found.order_id",
    ],
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
        let held = if matches!(manager.get_database_backend(), DbBackend::Postgres) { "FOR NO KEY UPDATE" } else { "" };
        let insert = format!(
            "INSERT INTO closed_link (merchant_id, state, link_id) SELECT merchant_id, state, id FROM payment_link \
             WHERE id IN (SELECT link_id FROM open_link) AND state IN {IN_TRANSIT} \
                AND NOT EXISTS (SELECT 1 FROM closed_link AS copied WHERE copied.merchant_id = payment_link.merchant_id \
                    AND copied.state = payment_link.state AND copied.link_id = payment_link.id) {held} ON CONFLICT DO NOTHING; \
             UPDATE open_link SET merchant_id = \
                (SELECT merchant_id FROM payment_link WHERE payment_link.id = open_link.link_id) \
             WHERE merchant_id IS NULL"
        );
        dialect::run(manager, &insert).await
    }
}

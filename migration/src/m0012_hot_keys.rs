//! Checks and indexes of rows that are written thousands of times a second, on PostgreSQL.
//!
//! A foreign key costs a look-up and a row lock for each row written: a fifth of the cost of an event. The merchants
//! and links that these keys pointed to are never deleted, and the writer has just read them. A primary key that begins
//! with the owner also serves as the index of the owner's list. SQLite checks foreign keys in the process and would
//! have to rewrite each table, so nothing changes there.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !matches!(manager.get_database_backend(), DbBackend::Postgres) {
            return Ok(());
        }
        dialect::run(
            manager,
            "
ALTER TABLE webhook_event
    DROP CONSTRAINT webhook_event_merchant_id_fkey,
    DROP CONSTRAINT webhook_event_link_id_fkey,
    DROP CONSTRAINT webhook_event_pkey,
    ADD PRIMARY KEY (merchant_id, id);
DROP INDEX webhook_event_by_merchant;

ALTER TABLE link_event
    DROP CONSTRAINT link_event_link_id_fkey,
    DROP CONSTRAINT link_event_pkey,
    ADD PRIMARY KEY (link_id, id);
DROP INDEX link_event_by_link;

ALTER TABLE job DROP CONSTRAINT job_merchant_id_fkey
",
        )
        .await
    }
}

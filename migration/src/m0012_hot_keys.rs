//! What a row that is written thousands of times a second is checked and indexed by, on `PostgreSQL`.
//!
//! A foreign key is a look-up and a lock of the row it points to for every row that is written: a fifth of what an event costs. What
//! these pointed to, merchants and links, is never deleted, and they are written by whoever has just read it. A primary key that
//! begins with the owner is the index of the owner's list too. `SQLite` checks within the process, and would have to write each table
//! anew: there everything stays as it is.

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

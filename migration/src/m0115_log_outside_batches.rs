//! Indexes of the audit log's entries outside batches, and of those of one batch. On PostgreSQL they are [built
//! ahead](crate::ahead).

use sea_orm_migration::prelude::*;

use crate::{ahead::Index, dialect};

pub(crate) const NAME: &str = "m0115_log_outside_batches";

pub(crate) const INDEXES: [Index; 2] = [
    Index::new("audit_entry_outside_batches", "audit_entry", "(merchant_id, id) WHERE batch_id IS NULL"),
    Index::new("audit_entry_of_batch", "audit_entry", "(batch_id, id) WHERE batch_id IS NOT NULL"),
];

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        NAME
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in &INDEXES {
            dialect::run(manager, &index.declaration()).await?;
        }
        Ok(())
    }
}

//! A new kind of matter that needs a person: the evidence of a dispute will soon be erased.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::allow_words(manager, "attention", "kind", &["evidence_expiring"]).await
    }
}

//! Paused batches, and conversations that are assigned or closed.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::allow_words(manager, "batch", "state", &["paused"]).await?;
        dialect::run(
            manager,
            "
ALTER TABLE conversation ADD COLUMN assigned_to {id};
ALTER TABLE conversation ADD COLUMN closed_at {time}
",
        )
        .await
    }
}

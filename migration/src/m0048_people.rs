//! Personal keys: keys that may only send, keys that expire, and keys handed over by an invitation. Also who requested
//! a text.
//!
//! A key that was not handed over yet has the hash of its invitation in place of its own.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::allow_words(manager, "api_key", "scope", &["send"]).await?;
        dialect::run(
            manager,
            "
ALTER TABLE api_key ADD COLUMN expires_at {time};
ALTER TABLE api_key ADD COLUMN invited_until {time};
ALTER TABLE message ADD COLUMN actor text
",
        )
        .await
    }
}

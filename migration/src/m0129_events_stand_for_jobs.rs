//! The trace of the request that brought an event, for the event's job, which has no row until an attempt at it ends
//! without success. And the time from which on the scheduler looks for such events that wait too long: since this step
//! no replica of this version has stored any.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let now = match manager.get_database_backend() {
            DbBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
            _ => "now()",
        };
        let step = format!(
            "ALTER TABLE webhook_event ADD COLUMN traceparent text CHECK (length(traceparent) <= 64);
            INSERT INTO tick (name, last_due) VALUES ('adopt', {now})"
        );
        dialect::run(manager, &step).await
    }
}

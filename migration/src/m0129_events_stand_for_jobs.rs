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
        // With its check in the declaration, PostgreSQL would look at every event, and take in no webhook meanwhile.
        let (column, now) = match manager.get_database_backend() {
            DbBackend::Sqlite => {
                ("text CHECK (length(traceparent) <= 64)", "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")
            }
            _ => (
                "text, ADD CONSTRAINT webhook_event_traceparent_check CHECK (length(traceparent) <= 64) NOT VALID",
                "now()",
            ),
        };
        let step = format!(
            "ALTER TABLE webhook_event ADD COLUMN traceparent {column};
            INSERT INTO tick (name, last_due) VALUES ('adopt', {now})"
        );
        dialect::run(manager, &step).await
    }
}

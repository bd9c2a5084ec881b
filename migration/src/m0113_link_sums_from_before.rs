//! Sums up the links from before the triggers of [`m0112_link_sums`](super::m0112_link_sums).
//!
//! Nothing is locked. On PostgreSQL a single statement sees one snapshot: it sums up the links as they are in it, and
//! removes the changes that these figures include. Later changes are in neither, and are added on top by the tick.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::m0112_link_sums::{SUMMED, figures, parts};

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        let links = format!("({}) AS figures", figures("1", "payment_link", on_postgresql));
        let sums: Vec<String> = SUMMED.iter().map(|column| format!("SUM({column})")).collect();
        let insert = format!(
            "INSERT INTO link_sum (merchant_id, kind, slot, currency, {}) \
             SELECT merchant_id, kind, slot, currency, {} FROM ({}) AS parts GROUP BY merchant_id, kind, slot, currency \
             ORDER BY merchant_id, kind, slot, currency",
            SUMMED.join(", "),
            sums.join(", "),
            parts(&links),
        );
        let connection = manager.get_connection();
        if on_postgresql {
            let both = format!("WITH gone AS (DELETE FROM link_sum_change) {insert}");
            connection.execute_unprepared(&both).await?;
        } else {
            connection.execute_unprepared("DELETE FROM link_sum_change").await?;
            connection.execute_unprepared(&insert).await?;
        }
        Ok(())
    }
}

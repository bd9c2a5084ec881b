//! Allows paid links that never existed at Stripe: payments of orders for which no payment was requested.
//!
//! Only the CHECK that every link except a new or failed one exists at Stripe is relaxed. The previous version reads
//! such links like those that were marked as paid.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

use crate::dialect;

/// The rule as the second step wrote it.
const RULE: &str = "state IN ('creating', 'failed') OR stripe_link_id IS NOT NULL";

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let wider = format!("{RULE} OR elsewhere_method IS NOT NULL");
        if matches!(manager.get_database_backend(), DbBackend::Postgres) {
            let name = name_on_postgresql(manager).await?;
            let replace = format!(
                "ALTER TABLE payment_link DROP CONSTRAINT {name}; \
                 ALTER TABLE payment_link ADD CONSTRAINT {name} CHECK ({wider}) NOT VALID"
            );
            return dialect::run(manager, &replace).await;
        }
        let declared = dialect::table_on_sqlite(manager, "payment_link").await?;
        let (rule, wider) = (format!("CHECK ({RULE})"), format!("CHECK ({wider})"));
        if !declared.contains(&rule) {
            return Err(DbErr::Migration(format!("there is no {rule} of payment_link")));
        }
        dialect::declare_on_sqlite(manager, "payment_link", &declared.replace(&rule, &wider)).await
    }
}

/// The rule has the name that PostgreSQL gave it.
async fn name_on_postgresql(manager: &SchemaManager<'_>) -> Result<String, DbErr> {
    let ask = "SELECT conname::text AS name FROM pg_constraint \
        WHERE conrelid = 'payment_link'::regclass AND contype = 'c' \
        AND pg_get_constraintdef(oid) LIKE '%state%stripe_link_id IS NOT NULL%'";
    let found =
        manager.get_connection().query_one_raw(Statement::from_string(manager.get_database_backend(), ask)).await?;
    found
        .ok_or_else(|| DbErr::Migration("there is no CHECK of payment_link about stripe_link_id".to_owned()))?
        .try_get("", "name")
}

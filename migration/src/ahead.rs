//! Indexes that are built concurrently with traffic, before the step that declares them is applied.
//!
//! Building an index of a large table takes seconds in which writes are blocked. PostgreSQL can build it concurrently
//! with writes, but not inside a transaction. So the migration [builds](Index::build) such an index first, and the step
//! then finds it in place. An empty table does not need this, and SQLite has a single writer anyway.

use sea_orm_migration::{
    async_trait::async_trait,
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager},
    sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement},
};

use crate::{
    dialect, m0034_whole_orders as m0034, m0095_rare_rows_of_years as m0095, m0100_earlier_search as m0100,
    m0110_unpaid_orders as m0110, m0115_log_outside_batches as m0115, m0118_links_by_state_from_before as m0118,
    m0124_few_of_years as m0124, m0126_orders_of_rare_links_from_before as m0126, m0128_told_numbers as m0128,
};

/// An index of a table that may be large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    name: &'static str,
    table: &'static str,
    entries: &'static str,
}

/// A step, or a part of one, that declares indexes of tables that may be large.
pub(crate) struct IndexStep {
    pub(crate) name: &'static str,
    pub(crate) indexes: &'static [Index],
}

impl MigrationName for IndexStep {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for IndexStep {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in self.indexes {
            // `IF NOT EXISTS` locks the table against writes until the end of the step, even if the index is there.
            let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
            if !on_postgresql || !index.is_valid(manager.get_connection()).await? {
                dialect::run(manager, &index.declaration()).await?;
            }
        }
        Ok(())
    }
}

/// The steps whose indexes are built ahead.
const STEPS: [IndexStep; 9] = [
    m0034::INDEXES,
    m0095::STEP,
    m0100::STEP,
    m0110::INDEXES,
    m0115::STEP,
    m0118::INDEXES,
    m0124::STEP,
    m0126::INDEXES,
    m0128::STEP,
];

/// The indexes that a step declares.
#[must_use]
pub fn of_step(name: &str) -> &'static [Index] {
    STEPS.iter().find(|step| step.name == name).map_or(&[], |step| step.indexes)
}

/// The first of a step's indexes that has to be built before the step.
pub async fn unbuilt(db: &impl ConnectionTrait, indexes: &[Index]) -> Result<Option<Index>, DbErr> {
    if !matches!(db.get_database_backend(), DbBackend::Postgres) {
        return Ok(None);
    }
    for index in indexes {
        if !index.is_valid(db).await? && index.has_rows(db).await? {
            return Ok(Some(*index));
        }
    }
    Ok(None)
}

impl Index {
    pub(crate) const fn new(name: &'static str, table: &'static str, entries: &'static str) -> Self {
        Self { name, table, entries }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn declaration(&self) -> String {
        format!("CREATE INDEX IF NOT EXISTS {} ON {} {}", self.name, self.table, self.entries)
    }

    /// Builds the index concurrently with traffic, after removing what an interrupted attempt has left. Only one
    /// process may do so at a time: see `paylink migrate`.
    pub async fn build(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let Self { name, table, entries } = self;
        db.execute_unprepared(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
        db.execute_unprepared(&format!("CREATE INDEX CONCURRENTLY {name} ON {table} {entries}")).await?;
        Ok(())
    }

    /// Whether it exists and is valid.
    async fn is_valid(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let name = self.name;
        is(db, &format!("EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('{name}') AND indisvalid)"))
            .await
    }

    async fn has_rows(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        is(db, &format!("EXISTS (SELECT 1 FROM {})", self.table)).await
    }
}

/// Raw SQL: it queries the system catalog.
pub(crate) async fn is(db: &impl ConnectionTrait, what: &str) -> Result<bool, DbErr> {
    let ask = Statement::from_string(db.get_database_backend(), format!("SELECT {what} AS answer"));
    let answer = db.query_one_raw(ask).await?.map(|row: QueryResult| row.try_get("", "answer"));
    Ok(answer.transpose()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Migrate, Migrator};

    use super::*;

    #[test]
    fn a_step_is_called_as_its_file_and_its_indexes_are_found_by_that() {
        let steps = Migrator::migrations();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for step in &steps {
            assert!(sources.join(step.name()).with_extension("rs").is_file(), "{} is no file", step.name());
        }
        for step in &STEPS {
            assert!(steps.iter().any(|known| known.name() == step.name), "{} is no step", step.name);
            assert_eq!(of_step(step.name), step.indexes);
        }
        assert_eq!(of_step("m0001_merchants"), []);
    }
}

//! Indexes that are built concurrently with traffic, before the step that declares them is applied.
//!
//! Building an index of a large table takes seconds in which writes are blocked. PostgreSQL can build it concurrently
//! with writes, but not inside a transaction. So the migration [builds](Index::build) such an index first, and the step
//! then finds it in place. An empty table does not need this, and SQLite has a single writer anyway.

use sea_orm_migration::{
    prelude::DbErr,
    sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement},
};

use crate::{
    m0095_rare_rows_of_years as m0095, m0100_earlier_search as m0100, m0110_unpaid_orders as m0110,
    m0115_log_outside_batches as m0115, m0118_links_by_state_from_before as m0118, m0124_few_of_years as m0124,
};

/// An index of a table that may be large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    name: &'static str,
    table: &'static str,
    entries: &'static str,
}

/// The indexes that a step declares.
fn of_step(step: &str) -> &'static [Index] {
    match step {
        m0095::NAME => &m0095::INDEXES,
        m0100::NAME => &m0100::INDEXES,
        m0110::NAME => &m0110::INDEXES,
        m0115::NAME => &m0115::INDEXES,
        m0118::NAME => &m0118::INDEXES,
        m0124::NAME => &m0124::INDEXES,
        _ => &[],
    }
}

/// The first index of this step that has to be built before the step.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn unbuilt(db: &impl ConnectionTrait, step: &str) -> Result<Option<Index>, DbErr> {
    if !matches!(db.get_database_backend(), DbBackend::Postgres) {
        return Ok(None);
    }
    for index in of_step(step) {
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
    ///
    /// # Errors
    /// Returns an error if the database query fails.
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
async fn is(db: &impl ConnectionTrait, what: &str) -> Result<bool, DbErr> {
    let ask = Statement::from_string(db.get_database_backend(), format!("SELECT {what} AS answer"));
    let answer = db.query_one_raw(ask).await?.map(|row: QueryResult| row.try_get("", "answer"));
    Ok(answer.transpose()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::prelude::MigrationName;

    use super::*;

    #[test]
    fn a_step_is_known_by_its_name() {
        assert_eq!(m0095::Step.name(), "m0095_rare_rows_of_years");
        assert_eq!(of_step(m0095::Step.name()).len(), m0095::INDEXES.len());
        assert_eq!(of_step(m0100::Step.name()).len(), m0100::INDEXES.len());
        assert_eq!(m0110::Step.name(), "m0110_unpaid_orders");
        assert_eq!(of_step(m0110::Step.name()).len(), m0110::INDEXES.len());
        assert_eq!(of_step(m0115::Step.name()).len(), m0115::INDEXES.len());
        assert_eq!(m0118::Step.name(), "m0118_links_by_state_from_before");
        assert_eq!(of_step(m0118::Step.name()).len(), m0118::INDEXES.len());
        assert_eq!(m0124::Step.name(), "m0124_few_of_years");
        assert_eq!(of_step(m0124::Step.name()).len(), m0124::INDEXES.len());
        assert_eq!(of_step("m0001_merchants"), []);
    }
}

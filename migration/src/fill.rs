//! Rows from before a step's triggers, brought in page by page before the step that does so is applied.
//!
//! A step is one transaction, and holds all rows that it has touched until its end. In a large table that is seconds, in
//! which payments of those rows wait. On PostgreSQL the migration brings in a [page](Fill::page) at a time first, each in
//! a transaction of its own, and passes over rows that somebody else holds; the step then brings in what is left, and
//! holds no other. Triggers of an earlier step keep up what was brought in. Where the step itself creates them, or what the
//! rows are brought into, that comes first, in a short [transaction](Fill::prepare) of its own. SQLite has a single writer
//! anyway.

use sea_orm_migration::{
    prelude::DbErr,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

use crate::{
    ahead::{self, Index},
    m0028_open_links as m0028, m0034_whole_orders as m0034, m0094_unasked_orders_from_before as m0094,
    m0097_closed_links_from_before as m0097, m0118_links_by_state_from_before as m0118,
    m0126_orders_of_rare_links_from_before as m0126,
};

/// How many rows of the table a page is about.
const PAGE: u32 = 2_000;

/// What a step brings in of a table that may be large.
#[derive(Debug)]
pub struct Fill {
    /// The step.
    pub(crate) step: &'static str,
    /// The table whose rows are gone through by their ids.
    pub(crate) table: &'static str,
    /// The statements that bring in a page; `{page}` is the condition that narrows them to it. They may be repeated.
    pub(crate) statements: &'static [&'static str],
    /// What the step creates for them.
    pub(crate) before: Option<Groundwork>,
    /// The step's indexes that they need.
    pub(crate) indexes: &'static [Index],
}

/// What has to be there before rows can be brought in.
#[derive(Debug)]
pub(crate) struct Groundwork {
    /// The condition by which it is there.
    pub(crate) is_there: &'static str,
    /// The statements that create it.
    pub(crate) statements: fn() -> Vec<String>,
}

const FILLS: [Fill; 6] = [m0028::FILL, m0034::FILL, m0094::FILL, m0097::FILL, m0118::FILL, m0126::FILL];

impl Fill {
    /// What this step brings in on this database, if it is worth doing ahead.
    #[must_use]
    pub fn of_step(db: &impl ConnectionTrait, step: &str) -> Option<&'static Self> {
        let on_postgresql = matches!(db.get_database_backend(), DbBackend::Postgres);
        FILLS.iter().find(|fill| on_postgresql && fill.step == step)
    }

    /// The step.
    #[must_use]
    pub const fn step(&self) -> &'static str {
        self.step
    }

    /// Whether what the rows are brought into is there.
    pub async fn is_prepared(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        match &self.before {
            Some(before) => ahead::is(db, before.is_there).await,
            None => Ok(true),
        }
    }

    /// Creates what the rows are brought into.
    pub async fn prepare(&self, tx: &impl ConnectionTrait) -> Result<(), DbErr> {
        let statements = self.before.as_ref().map(|before| (before.statements)());
        for statement in statements.unwrap_or_default() {
            tx.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    /// The step's indexes that have to be built before the pages.
    #[must_use]
    pub const fn indexes(&self) -> &'static [Index] {
        self.indexes
    }

    /// Brings in the page after the row with the id `last`, or the first one. Returns the id at which it ends, or `None`
    /// if there are no more rows.
    pub async fn page(&self, tx: &impl ConnectionTrait, last: Option<&str>) -> Result<Option<String>, DbErr> {
        let Self { table, statements, .. } = self;
        let after = last.map_or_else(|| "true".to_owned(), |last| format!("{table}.id > '{last}'"));
        // Raw SQL: it is that of a step, which knows no entities.
        let end = format!(
            "SELECT id::text AS id FROM (SELECT id FROM {table} WHERE {after} ORDER BY id LIMIT {PAGE}) AS page \
             ORDER BY page.id DESC LIMIT 1"
        );
        let end = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), end)).await?;
        let Some(end) = end.map(|row| row.try_get::<String>("", "id")).transpose()? else { return Ok(None) };
        let page = format!("{after} AND {table}.id <= '{end}'");
        for statement in *statements {
            tx.execute_unprepared(&statement.replace("{page}", &page)).await?;
        }
        Ok(Some(end))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Migrate, Migrator};

    use super::*;

    #[test]
    fn each_is_of_a_step_and_goes_by_pages() {
        let steps = Migrator::migrations();
        for fill in &FILLS {
            assert!(steps.iter().any(|step| step.name() == fill.step), "{} is no step", fill.step);
            for statement in fill.statements {
                assert!(statement.contains("{page}") && statement.contains("SKIP LOCKED"), "{statement}");
            }
        }
    }
}

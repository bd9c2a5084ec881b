//! Whether a database's schema fits this version of the program.

use std::collections::BTreeSet;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

use crate::Migrator;

/// Part of the names of steps that remove something earlier versions use, such as `m0042_contract_links`. All others
/// only add, so that a version can run with the steps of later ones.
const CONTRACT: &str = "_contract_";

/// Whether this version of the program can run on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// It can. Steps of later versions, if any, have only added to the schema.
    Usable,
    /// These steps have to be applied first.
    TooOld(Vec<String>),
    /// This step of a later version has removed something this version uses.
    TooNew(String),
}

impl SchemaState {
    /// Inspects a database without changing it.
    ///
    /// # Errors
    /// Returns an error if the query fails.
    pub async fn of(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let steps = Migrator::migrations();
        Ok(Self::judge(steps.iter().map(|step| step.name().to_owned()), &done(db).await?))
    }

    fn judge(known: impl Iterator<Item = String>, done: &BTreeSet<String>) -> Self {
        let known: Vec<String> = known.collect();
        if let Some(step) = done.iter().find(|step| step.contains(CONTRACT) && !known.contains(step)) {
            return Self::TooNew(step.clone());
        }
        let missing: Vec<String> = known.into_iter().filter(|step| !done.contains(step)).collect();
        if missing.is_empty() { Self::Usable } else { Self::TooOld(missing) }
    }
}

/// The steps that were applied.
async fn done(db: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    let backend = db.get_database_backend();
    let there = match backend {
        DbBackend::Sqlite => "SELECT count(*) AS n FROM sqlite_master WHERE name = 'seaql_migrations'",
        _ => "SELECT count(*) AS n FROM pg_class WHERE oid = to_regclass('seaql_migrations')",
    };
    let ask = |sql: &str| Statement::from_string(backend, sql);
    let there = db.query_one_raw(ask(there)).await?;
    if there.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or_default() == 0 {
        return Ok(BTreeSet::new());
    }
    let rows = db.query_all_raw(ask("SELECT version FROM seaql_migrations")).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(done: &[&str]) -> SchemaState {
        let known = ["m0001_one", "m0002_contract_two"].map(str::to_owned);
        SchemaState::judge(known.into_iter(), &done.iter().map(|step| (*step).to_owned()).collect())
    }

    #[test]
    fn a_version_runs_beside_later_steps_that_only_add() {
        let own = ["m0001_one", "m0002_contract_two"];
        assert_eq!(judged(&own), SchemaState::Usable);
        assert_eq!(judged(&[own[0], own[1], "m0003_three"]), SchemaState::Usable);
        let contract = "m0004_contract_three";
        assert_eq!(judged(&[own[0], own[1], "m0003_three", contract]), SchemaState::TooNew(contract.to_owned()));
    }

    #[test]
    fn a_version_does_not_run_without_its_own_steps() {
        assert_eq!(judged(&["m0001_one"]), SchemaState::TooOld(vec!["m0002_contract_two".to_owned()]));
        assert_eq!(judged(&[]), SchemaState::TooOld(vec!["m0001_one".to_owned(), "m0002_contract_two".to_owned()]));
    }
}

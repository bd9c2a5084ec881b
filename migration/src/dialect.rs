//! The words in which `SQLite` and `PostgreSQL` differ.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait},
};

/// Runs a step's statements, separated by `;`, in the database's own types.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sql = translate(sql, manager.get_database_backend());
    for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Lets a column hold more words than its `CHECK (column IN (…))` has so far. The rows that are there satisfy the wider rule, as they
/// did the narrower one.
pub(crate) async fn allow_words(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    more: &[&str],
) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::Sqlite => allow_words_on_sqlite(manager, table, column, more).await,
        _ => allow_words_on_postgresql(manager, table, column, more).await,
    }
}

async fn allow_words_on_postgresql(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    more: &[&str],
) -> Result<(), DbErr> {
    let name = format!("{table}_{column}_check");
    let ask = format!(
        "SELECT pg_get_constraintdef(oid) AS sql FROM pg_constraint \
         WHERE conname = '{name}' AND conrelid = '{table}'::regclass"
    );
    let words = with_more(&only_text(manager, ask, &name).await?, more);
    let statement = format!(
        "ALTER TABLE {table} DROP CONSTRAINT {name}; \
         ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({words})) NOT VALID"
    );
    run(manager, &statement).await
}

/// `SQLite` changes no constraint, but lets whoever knows what they do change the text of the schema, which is how its manual says
/// that a CHECK is changed (<https://sqlite.org/lang_altertable.html>). Other connections read the schema again by its version.
async fn allow_words_on_sqlite(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    more: &[&str],
) -> Result<(), DbErr> {
    let check = format!("CHECK ({column} IN");
    let missing = || DbErr::Migration(format!("there is no CHECK ({column} IN (…)) of {table}"));
    let sql = table_on_sqlite(manager, table).await?;
    let after = sql.find(&check).map(|at| at + check.len()).ok_or_else(missing)?;
    let open = after + sql[after..].find('(').ok_or_else(missing)? + 1;
    let close = open + sql[open..].find(')').ok_or_else(missing)?;
    let widened = format!("{}{}{}", &sql[..open], with_more(&sql[open..close], more), &sql[close..]);
    declare_on_sqlite(manager, table, &widened).await
}

/// As `SQLite` has a table declared.
pub(crate) async fn table_on_sqlite(manager: &SchemaManager<'_>, table: &str) -> Result<String, DbErr> {
    let ask = format!("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '{table}'");
    only_text(manager, ask, table).await
}

/// Has a table declared otherwise, in what its rows satisfy already.
pub(crate) async fn declare_on_sqlite(manager: &SchemaManager<'_>, table: &str, sql: &str) -> Result<(), DbErr> {
    // All of it on one connection: a pool has several, or only this one.
    let connection = manager.get_connection().begin().await?;
    let missing = || DbErr::Migration("SQLite has no version of its schema".to_owned());
    let version = Statement::from_string(DbBackend::Sqlite, "PRAGMA schema_version");
    let version = connection.query_one_raw(version).await?.ok_or_else(missing)?.try_get::<i64>("", "schema_version")?;
    connection.execute_unprepared("PRAGMA writable_schema = ON").await?;
    let values = [sql.into(), table.into()];
    let update = "UPDATE sqlite_schema SET sql = $1 WHERE type = 'table' AND name = $2";
    let updated = connection.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, update, values)).await;
    connection.execute_unprepared(&format!("PRAGMA schema_version = {}", version + 1)).await?;
    // What this connection knows of the schema it reads again.
    connection.execute_unprepared("PRAGMA writable_schema = RESET").await?;
    updated?;
    connection.commit().await
}

async fn only_text(manager: &SchemaManager<'_>, ask: String, what: &str) -> Result<String, DbErr> {
    let statement = Statement::from_string(manager.get_database_backend(), ask);
    let row = manager.get_connection().query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::Migration(format!("there is no {what}")))?.try_get("", "sql")
}

/// The words that stand between quotes in `sql`, and more, as they are written in a list.
fn with_more(sql: &str, more: &[&str]) -> String {
    let mut words: Vec<&str> = sql.split('\'').skip(1).step_by(2).collect();
    words.extend(more.iter().filter(|word| !sql.contains(&format!("'{word}'"))));
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

/// The statements that make a trigger, which runs `then` after `when`. Not by [`run`], which would split them at their semicolons.
pub(crate) fn trigger(name: &str, when: &str, then: &str, on_postgresql: bool) -> Vec<String> {
    if on_postgresql {
        return vec![
            format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {then} RETURN NULL; END $$"),
            format!("CREATE TRIGGER {name} AFTER {when} EXECUTE FUNCTION {name}()"),
        ];
    }
    vec![format!("CREATE TRIGGER {name} AFTER {when} BEGIN {then} END")]
}

fn translate(sql: &str, backend: DbBackend) -> String {
    let postgres = matches!(backend, DbBackend::Postgres);
    let word = |on_postgres, on_sqlite| if postgres { on_postgres } else { on_sqlite };
    sql.replace("{id}", word("uuid", "blob"))
        .replace("{time}", word("timestamptz", "text"))
        .replace("{bytes}", word("bytea", "blob"))
        .replace("{int}", word("bigint", "integer"))
        .replace("{serial}", word("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "integer PRIMARY KEY"))
        .replace("{bool}", word("boolean", "boolean"))
}

/// A step that is one text of SQL, forward only: data that was erased or merged cannot be brought back by a `down`.
macro_rules! sql_step {
    ($sql:expr) => {
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub(crate) struct Step;

        #[sea_orm_migration::async_trait::async_trait]
        impl sea_orm_migration::prelude::MigrationTrait for Step {
            async fn up(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                crate::dialect::run(manager, $sql).await
            }
        }
    };
}
pub(crate) use sql_step;

#[cfg(test)]
mod tests {
    use super::with_more;

    #[test]
    fn words_are_added_to_those_that_are_there() {
        let told = "CHECK ((state = ANY (ARRAY['one'::text, 'two'::text])))";
        assert_eq!(with_more(told, &["two", "three"]), "'one', 'two', 'three'");
        assert_eq!(with_more("'one', 'two'", &["three"]), "'one', 'two', 'three'");
    }
}

//! SQL that differs between SQLite and PostgreSQL.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait},
};

/// Runs a step's statements, separated by `;`, with the database's own types.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    for statement in statements(sql, manager.get_database_backend()) {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// A step's statements with this database's types.
pub(crate) fn statements(sql: &str, backend: DbBackend) -> Vec<String> {
    let sql = translate(sql, backend);
    sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

/// Adds words to a column's `CHECK (column IN (…))`. Existing rows satisfy the wider rule as well.
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

/// SQLite cannot alter a constraint, but its schema text may be edited, which is how its manual says to change a CHECK
/// (<https://sqlite.org/lang_altertable.html>). Other connections notice the new schema version and read the schema
/// again.
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

/// A table's declaration in SQLite.
pub(crate) async fn table_on_sqlite(manager: &SchemaManager<'_>, table: &str) -> Result<String, DbErr> {
    let ask = format!("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '{table}'");
    only_text(manager, ask, table).await
}

/// Replaces a table's declaration, which its existing rows must satisfy.
pub(crate) async fn declare_on_sqlite(manager: &SchemaManager<'_>, table: &str, sql: &str) -> Result<(), DbErr> {
    // All statements must use the same connection of the pool.
    let connection = manager.get_connection().begin().await?;
    let missing = || DbErr::Migration("SQLite has no version of its schema".to_owned());
    let version = Statement::from_string(DbBackend::Sqlite, "PRAGMA schema_version");
    let version = connection.query_one_raw(version).await?.ok_or_else(missing)?.try_get::<i64>("", "schema_version")?;
    connection.execute_unprepared("PRAGMA writable_schema = ON").await?;
    let values = [sql.into(), table.into()];
    let update = "UPDATE sqlite_schema SET sql = $1 WHERE type = 'table' AND name = $2";
    let updated = connection.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, update, values)).await;
    connection.execute_unprepared(&format!("PRAGMA schema_version = {}", version + 1)).await?;
    // Makes this connection read the schema again.
    connection.execute_unprepared("PRAGMA writable_schema = RESET").await?;
    updated?;
    connection.commit().await
}

async fn only_text(manager: &SchemaManager<'_>, ask: String, what: &str) -> Result<String, DbErr> {
    let statement = Statement::from_string(manager.get_database_backend(), ask);
    let row = manager.get_connection().query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::Migration(format!("there is no {what}")))?.try_get("", "sql")
}

/// The words quoted in `sql` and further ones, as a quoted list.
fn with_more(sql: &str, more: &[&str]) -> String {
    let mut words: Vec<&str> = sql.split('\'').skip(1).step_by(2).collect();
    words.extend(more.iter().filter(|word| !sql.contains(&format!("'{word}'"))));
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

/// Creates a trigger, which runs `then` after `when`.
pub(crate) async fn create_trigger(
    manager: &SchemaManager<'_>,
    name: &str,
    when: &str,
    then: &str,
) -> Result<(), DbErr> {
    let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
    for statement in trigger(name, when, then, on_postgresql) {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// The statements that create a trigger. Execute them without [`run`], which would split them at their semicolons.
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

/// A step that is a single SQL text. There is no `down`, because erased or merged data cannot be restored.
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

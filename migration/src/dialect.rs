//! The words in which `SQLite` and `PostgreSQL` differ.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Runs a step's statements, separated by `;`, in the database's own types.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sql = translate(sql, manager.get_database_backend());
    for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
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

//! The two databases on which every test runs.

use std::path::Path;

use sea_orm::{ConnectOptions, ConnectionTrait, Database as Connection, DatabaseConnection, DbErr, Statement};

use super::{postgres, small_disk::SmallDisk, template};

/// Generates, for each table, the query that returns its rows as text.
const SQLITE_QUERIES: &str = "SELECT 'SELECT ' || group_concat('quote(\"' || c.name || '\")', '||'' ''||') || ' AS row FROM \"' || t.name || '\"' AS query \
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' GROUP BY t.name";
const POSTGRESQL_QUERIES: &str = "SELECT 'SELECT row_to_json(t)::text AS row FROM ' || quote_ident(table_name) || ' t' AS query \
     FROM information_schema.tables WHERE table_schema = 'public'";

/// The database of a data directory.
const SQLITE_FILE: &str = "paylink.db";

/// Where an app stores its rows.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// In a file in its data directory.
    Sqlite,
    /// On a server.
    Postgresql {
        /// The fresh database there.
        url: String,
    },
}

impl Database {
    /// The default.
    pub(crate) const fn sqlite() -> Self {
        Self::Sqlite
    }

    /// A fresh database with the current schema on the server of this test run.
    pub(crate) async fn postgresql() -> Self {
        Self::Postgresql { url: template::postgresql().await }
    }

    /// The same with its tables on this disk, which the server has until the end of the tests.
    pub(crate) async fn postgresql_on(disk: &'static SmallDisk) -> Self {
        Self::Postgresql { url: template::postgresql_on(disk).await }
    }

    /// An unused database without a schema.
    pub(crate) async fn empty_postgresql() -> Self {
        Self::Postgresql { url: postgres::fresh_database().await }
    }

    /// The product's URL of it.
    pub(crate) fn url(&self, data_dir: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite://{}", data_dir.join(SQLITE_FILE).display()),
            Self::Postgresql { url } => url.clone(),
        }
    }

    /// Gives a new data directory the current schema, if the database is in it.
    pub(crate) async fn is_migrated(&self, data_dir: &Path) {
        match self {
            Self::Sqlite => template::sqlite(&data_dir.join(SQLITE_FILE)).await,
            Self::Postgresql { .. } => {}
        }
    }

    /// The whole contents of the database as one text.
    pub(crate) async fn dump(&self, data_dir: &Path) -> String {
        self.read_everything(data_dir).await.unwrap().join("\n")
    }

    /// A separate connection.
    pub(crate) async fn connect(&self, data_dir: &Path) -> Result<DatabaseConnection, DbErr> {
        let mut options = ConnectOptions::new(self.url(data_dir));
        options.max_connections(1);
        Connection::connect(options).await
    }

    /// Changes rows behind the product's back, as time or an accident would.
    pub(crate) async fn change(&self, data_dir: &Path, statement: &str) {
        let connection = self.connect(data_dir).await.unwrap();
        connection.execute_unprepared(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn read_everything(&self, data_dir: &Path) -> Result<Vec<String>, DbErr> {
        let queries = match self {
            Self::Sqlite => SQLITE_QUERIES,
            Self::Postgresql { .. } => POSTGRESQL_QUERIES,
        };
        let connection = self.connect(data_dir).await?;
        let ask = async |query: &str, column: &str| {
            let statement = Statement::from_string(connection.get_database_backend(), query);
            let rows = connection.query_all_raw(statement).await?;
            rows.iter().map(|row| row.try_get::<String>("", column)).collect::<Result<Vec<_>, _>>()
        };
        let mut everything = Vec::new();
        for query in ask(queries, "query").await? {
            everything.extend(ask(&query, "row").await?);
        }
        connection.close().await?;
        Ok(everything)
    }
}

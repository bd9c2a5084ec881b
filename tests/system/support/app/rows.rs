//! The rows of the app's database.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::App;
use crate::support::Database;

impl App {
    /// Uses another database from its next start on.
    pub(crate) fn moves_to(&mut self, database: Database) {
        self.database = database;
    }

    /// Changes rows behind its back, as time or an accident would.
    pub(crate) async fn changes_rows(&self, statement: &str) {
        self.database.change(self.data.path(), statement).await;
    }

    /// The whole contents of its database as one text.
    pub(crate) async fn rows(&self) -> String {
        self.database.dump(self.data.path()).await
    }

    /// Where its database is.
    pub(crate) fn database_url(&self) -> String {
        self.database.url(self.data.path())
    }

    /// A separate connection to its database.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        self.database.connect(self.data.path()).await.unwrap()
    }

    /// How many of its jobs of this kind no one waits for, and how many someone does.
    pub(crate) async fn lanes_of(&self, kind: &str) -> (usize, usize) {
        let connection = self.database().await;
        let question = format!("SELECT dedup_key FROM job WHERE kind = '{kind}'");
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), question)).await;
        let keys = rows.unwrap().into_iter().map(|row| row.try_get::<Option<String>>("", "dedup_key").unwrap());
        let is_background = |key: &Option<String>| key.as_deref().is_some_and(|key| key.starts_with("background:"));
        let (background, interactive): (Vec<_>, Vec<_>) = keys.partition(is_background);
        connection.close().await.unwrap();
        (background.len(), interactive.len())
    }

    /// Changes its rows behind its back.
    pub(crate) async fn rows_are_changed(&self, statement: &str) {
        let connection = self.database().await;
        connection.execute_unprepared(statement).await.unwrap();
        connection.close().await.unwrap();
    }
}

//! Databases with the current schema, copied from one that was migrated once: a run migrates one of each kind, not one
//! per test.

use std::{fs, path::Path};

use migration::{Migrate, Migrator};
use sea_orm::Database;
use tokio::sync::OnceCell;

use super::{place::folder, postgres, small_disk::SmallDisk};

/// Creates a SQLite database with the current schema there.
pub(crate) async fn sqlite(path: &Path) {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    fs::write(path, MIGRATED.get_or_init(migrated_sqlite).await).unwrap();
}

/// The URL of an empty PostgreSQL database with the current schema.
pub(crate) async fn postgresql() -> String {
    postgres::copy_of(whole_one().await).await
}

/// The same with its tables on this disk.
pub(crate) async fn postgresql_on(disk: &'static SmallDisk) -> String {
    postgres::copy_on(whole_one().await, disk).await
}

/// The name of the template database.
async fn whole_one() -> &'static str {
    static MIGRATED: OnceCell<String> = OnceCell::const_new();
    let template = MIGRATED.get_or_init(async || {
        let url = postgres::fresh_database().await;
        migrate(&url).await;
        postgres::name_of(&url).to_owned()
    });
    template.await
}

async fn migrated_sqlite() -> Vec<u8> {
    let folder = folder("paylink-template-");
    let path = folder.path().join("paylink.db");
    migrate(&format!("sqlite://{}?mode=rwc", path.display())).await;
    fs::read(path).unwrap()
}

/// Running it again changes nothing.
pub(super) async fn migrate(url: &str) {
    let connection = Database::connect(url).await.unwrap();
    for _ in 0..2 {
        Migrator::up(&connection, None).await.unwrap();
    }
    connection.close().await.unwrap();
}

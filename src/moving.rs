//! `paylink move`: moves an installation from SQLite to PostgreSQL row by row, in pages that are verified as they are
//! written. An interrupted move continues where it stopped.
//!
//! Raw SQL: tables are copied by the names that the database reports, independent of this version's entities.

mod columns;
pub(crate) mod half;
mod tables;

use clap::Args as ClapArgs;
use entity::Db;
use migration::SchemaState;
use sea_orm::ConnectionTrait;

use crate::{data_dir::DataDir, database::database_url, error::Error, migrate::bring_up_to_date, settings::Settings};
use half::{PROGRESS, ask_bool, is_under_way};
use tables::Table;

/// Rows per page.
const PAGE: i64 = 500;

/// Where to move.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The database to move to: `postgres://…`. It must be empty, or hold a move that was interrupted.
    #[arg(long)]
    to: String,
}

/// Runs the sub-command. Nothing else may run meanwhile.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    let data = DataDir::new(&settings.data_dir)?;
    let _lock = data.lock()?;
    let from = Db::open(&database_url(settings)?, 2).await?;
    if !from.has_one_writer() {
        return Err(Error::Refused("the installation is on PostgreSQL already".to_owned()));
    }
    let to = Db::open(&args.to, 2).await?;
    if to.has_one_writer() {
        return Err(Error::Refused("--to must be postgres://…".to_owned()));
    }
    bring_up_to_date(&from).await?;
    bring_up_to_date(&to).await?;
    same_schema(&from, &to).await?;
    let tables = tables::of(&to).await?;
    begin(&to, &tables).await?;
    let mut rows = 0;
    for table in &tables {
        let moved = table.copy(&from, &to).await?;
        println!("{:>10}  {}", moved, table.name);
        rows += moved;
    }
    to.pool().execute_unprepared(&format!("DROP TABLE {PROGRESS}; ANALYZE")).await?;
    println!(
        "{rows} rows of {} tables are there, each as it was. Set PAYLINK_DATABASE_URL to the new database, keep PAYLINK_SECRET_KEY (or {}), and start.",
        tables.len(),
        data.file("secret.key").display()
    );
    Ok(())
}

async fn same_schema(from: &Db, to: &Db) -> Result<(), Error> {
    match (SchemaState::of(from.pool()).await?, SchemaState::of(to.pool()).await?) {
        (SchemaState::Usable, SchemaState::Usable) => Ok(()),
        _ => Err(Error::Refused("both databases must have this version's schema".to_owned())),
    }
}

/// Empties an unused database and marks it as ours. A database with an interrupted move is left as it is.
async fn begin(to: &Db, tables: &[Table]) -> Result<(), Error> {
    if is_under_way(to).await? {
        println!("going on with a move that was interrupted");
        return Ok(());
    }
    if ask_bool(to, "SELECT EXISTS (SELECT 1 FROM merchant) AS answer").await? {
        return Err(Error::Refused("there is an installation in the database to move to".to_owned()));
    }
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let tx = to.begin().await?;
    // Rows written by migrations come from the old database as well.
    tx.execute_unprepared(&format!("TRUNCATE {}", names.join(", "))).await?;
    tx.execute_unprepared(&format!("CREATE TABLE {PROGRESS} (name text PRIMARY KEY, last bigint NOT NULL)")).await?;
    tx.commit().await?;
    Ok(())
}

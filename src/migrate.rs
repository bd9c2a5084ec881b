//! `paylink migrate`.

use std::time::Duration;

use entity::{Db, Transaction};
use migration::{Migrate, Migrator, Schema};
use sea_orm::{ConnectionTrait, DbErr, RuntimeErr, sqlx};

use crate::{database::connect_database, error::Error, settings::Settings};

/// Who holds this lock of `PostgreSQL` may change the schema: "paylink" as a number.
const LOCK: i64 = 0x70_6179_6c69_6e6b;

/// How long a step waits for a table. Whoever comes meanwhile waits behind it, so it is short, and tried again.
const LOCK_TIMEOUT_MS: u32 = 300;

/// How often a step is tried that does not get its tables, and how long traffic has the tables for itself in between.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_secs(1);

/// What `PostgreSQL` says of a statement that waited for a lock for too long.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Brings the database's schema up to date.
pub(crate) async fn run(settings: &Settings) -> Result<(), Error> {
    bring_up_to_date(&connect_database(settings).await?).await
}

/// Does the steps that are missing, each in a transaction of its own. Who comes while another is at it waits for it.
pub(crate) async fn bring_up_to_date(db: &Db) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        match next_step(db).await {
            Ok(true) => tries = 0,
            Ok(false) => return Ok(()),
            Err(error) if is_lock_timeout(&error) && tries < TRIES => {
                tries += 1;
                tracing::info!(tries, "a table is in use for long; traffic goes first, and the step is tried again");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Does the oldest step that is missing; `false` if none is.
async fn next_step(db: &Db) -> Result<bool, DbErr> {
    let tx = db.begin().await?;
    if !db.has_one_writer() {
        take_turn(&tx).await?;
    }
    let Schema::TooOld(_) = Schema::of(&tx).await? else {
        tx.rollback().await?;
        return Ok(false);
    };
    Migrator::up(tx.for_migrator(), Some(1)).await?;
    tx.commit().await?;
    Ok(true)
}

/// On `SQLite` the transaction itself is the turn. Raw SQL: locks and settings are no rows.
async fn take_turn(tx: &Transaction) -> Result<(), DbErr> {
    tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    tx.execute_unprepared(&format!("SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")).await?;
    Ok(())
}

fn is_lock_timeout(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let error: &sqlx::Error = error;
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}

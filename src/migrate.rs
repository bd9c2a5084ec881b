//! `paylink migrate`.

use std::time::{Duration, Instant};

use entity::{Db, Transaction};
use migration::{
    Fill, Migrate, Migrator, SchemaState,
    ahead::{self, Index},
};
use sea_orm::{ConnectionTrait, DbErr, RuntimeErr, Statement, sqlx};

use crate::{database::connect_database, error::Error, settings::Settings};

/// The advisory lock of PostgreSQL for changing the schema: "paylink" as a number.
const LOCK: i64 = 0x70_6179_6c69_6e6b;

/// The advisory lock for building an index ahead of its step. It is a separate lock, because building an index waits
/// for all running statements, including those that wait for the lock above.
const BUILD_LOCK: i64 = LOCK + 1;

/// How long a step waits for a table. Queries queue up behind it meanwhile, so this is short, and the step is retried.
const LOCK_TIMEOUT_MS: u32 = 300;

/// How often a step is retried that cannot lock its tables, and the pause in between, which leaves the tables to
/// traffic.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_secs(1);

/// A step that took longer is told by itself; all others are told together.
const LONG_STEP: Duration = Duration::from_secs(1);

/// PostgreSQL's error code for a lock timeout.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Brings the database's schema up to date.
pub(crate) async fn run(settings: &Settings) -> Result<(), Error> {
    bring_up_to_date(&connect_database(settings).await?).await
}

/// The result of one migration round.
enum RoundResult {
    /// The oldest missing step was applied.
    Done,
    /// What the oldest missing step brings rows into was created.
    Prepared,
    /// This step is missing, and what it brings in of large tables has to be brought in by pages first.
    ToFill(&'static Fill),
    /// A step is missing, and these indexes that it declares have to be built first.
    ToBuild(&'static [Index]),
    /// No step is missing.
    Whole,
}

/// Applies the missing steps, each in its own transaction. Concurrent callers wait for each other.
pub(crate) async fn bring_up_to_date(db: &Db) -> Result<(), Error> {
    let (begin, mut steps) = (Instant::now(), 0);
    let mut tries = 0;
    let mut filled = None;
    loop {
        match next_step(db, filled).await {
            Ok(RoundResult::Done) => (steps, tries) = (steps + 1, 0),
            Ok(RoundResult::Prepared) => tries = 0,
            Ok(RoundResult::ToFill(fill)) => {
                fill_ahead(db, fill).await?;
                filled = Some(fill.step());
            }
            Ok(RoundResult::ToBuild(indexes)) => build_ahead(db, indexes).await?,
            Ok(RoundResult::Whole) => {
                if steps > 0 {
                    tracing::info!(steps, took = ?begin.elapsed(), "the schema was brought up to date");
                }
                return Ok(());
            }
            Err(error) if is_lock_timeout(&error) && tries < TRIES => {
                tries += 1;
                tracing::info!(tries, "a table is in use for long; traffic goes first, and the step is tried again");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Applies the oldest missing step. The rows of the step `filled` were brought in already.
async fn next_step(db: &Db, filled: Option<&str>) -> Result<RoundResult, DbErr> {
    let tx = db.begin().await?;
    if !db.has_one_writer() {
        take_turn(&tx).await?;
    }
    let SchemaState::TooOld(missing) = SchemaState::of(&tx).await? else {
        tx.rollback().await?;
        return Ok(RoundResult::Whole);
    };
    let Some(step) = missing.into_iter().next() else { return Ok(RoundResult::Whole) };
    if let Some(fill) = Fill::of_step(&tx, &step).filter(|fill| filled != Some(fill.step())) {
        if !fill.is_prepared(&tx).await? {
            fill.prepare(&tx).await?;
            tx.commit().await?;
            return Ok(RoundResult::Prepared);
        }
        let is_built = ahead::unbuilt(&tx, fill.indexes()).await?.is_none();
        tx.rollback().await?;
        return Ok(if is_built { RoundResult::ToFill(fill) } else { RoundResult::ToBuild(fill.indexes()) });
    }
    let indexes = ahead::of_step(&step);
    if ahead::unbuilt(&tx, indexes).await?.is_some() {
        tx.rollback().await?;
        return Ok(RoundResult::ToBuild(indexes));
    }
    let begin = Instant::now();
    Migrator::up(tx.for_migrator(), Some(1)).await?;
    tx.commit().await?;
    let took = begin.elapsed();
    if took > LONG_STEP {
        tracing::info!(step, ?took, "a step of the schema is done");
    } else {
        tracing::debug!(step, ?took, "a step of the schema is done");
    }
    Ok(RoundResult::Done)
}

/// Brings in what a step would, page by page, while traffic goes on. Others may do the same at the same time.
async fn fill_ahead(db: &Db, fill: &Fill) -> Result<(), DbErr> {
    let mut last = None;
    loop {
        let tx = db.begin().await?;
        let end = fill.page(&tx, last.as_deref()).await?;
        tx.commit().await?;
        if end.is_none() {
            return Ok(());
        }
        if last.is_none() {
            tracing::info!(step = fill.step(), "rows from before this step are brought in while traffic goes on");
        }
        last = end;
    }
}

/// Builds the first of a step's indexes that is missing, concurrently with traffic, or waits a moment if another process
/// is building.
async fn build_ahead(db: &Db, indexes: &[Index]) -> Result<(), DbErr> {
    let turn = db.begin().await?;
    // Raw SQL: an advisory lock is not a row. It is only tried, not waited for.
    let ask = format!("SELECT pg_try_advisory_xact_lock({BUILD_LOCK}) AS is_ours");
    let answer = turn.query_one_raw(Statement::from_string(turn.get_database_backend(), ask)).await?;
    let is_ours: Option<bool> = answer.map(|row| row.try_get("", "is_ours")).transpose()?;
    if is_ours != Some(true) {
        turn.rollback().await?;
        tokio::time::sleep(PAUSE).await;
        return Ok(());
    }
    // Another process may have built it just now.
    if let Some(index) = ahead::unbuilt(db.pool(), indexes).await? {
        tracing::info!(index = index.name(), "an index is built while traffic goes on");
        index.build(db.pool()).await?;
    }
    turn.rollback().await
}

/// Locks the schema. On SQLite the transaction itself is the lock. Raw SQL: locks and settings are not rows.
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

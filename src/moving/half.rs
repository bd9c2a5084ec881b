//! Whether a move to a database was begun and has not ended.
//!
//! Raw SQL: the table with the progress exists during a move only, and has no entity.

use entity::Db;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// The table with the progress of the move; dropped at the end.
pub(super) const PROGRESS: &str = "paylink_move";

/// Why a database with an interrupted move is refused.
pub(crate) const HALF: &str = "a move to this database was interrupted, so that only a part of the installation is here: run `paylink move \
                               --to …` again with the settings of the old one, to its end";

/// Whether a move to this database has started but not finished.
pub(crate) async fn is_under_way(db: &Db) -> Result<bool, DbErr> {
    if db.has_one_writer() {
        return Ok(false);
    }
    ask_bool(db, &format!("SELECT to_regclass('{PROGRESS}') IS NOT NULL AS answer")).await
}

pub(super) async fn ask_bool(db: &Db, question: &str) -> Result<bool, DbErr> {
    let row = db.pool().query_one_raw(Statement::from_string(DbBackend::Postgres, question)).await?;
    Ok(row.map(|row| row.try_get("", "answer")).transpose()?.unwrap_or_default())
}

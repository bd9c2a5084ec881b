//! A write check: writes a row and reads it back over another connection.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use crate::Db;

/// The room that must be left on `SQLite`, in the file or on its disk: a few times what a command takes.
const ROOM: usize = 64 * 1024;

/// The only row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "heartbeat")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// How often the row was written.
    pub beats: i64,
    /// When the row was last written.
    pub at: DateTime<Utc>,
    /// Filled only while the check for room runs.
    pub room: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

const ID: i64 = 1;

/// Why the write check failed.
#[derive(Debug, thiserror::Error)]
pub enum HeartbeatError {
    /// The database refused or did not answer.
    #[error("a row could not be written and read back; was `paylink migrate` run?")]
    Db(#[from] DbErr),
    /// The database reported a commit, but the row is missing.
    #[error("a row that was committed is not there")]
    Lost,
}

impl Db {
    /// Commits a row through the writers' connection and reads it back through the readers'. Fails on a standby, on a
    /// read-only or full database, and on one that reports commits but keeps nothing. Many processes may run it at the
    /// same time.
    ///
    /// # Errors
    /// Returns an error if the row cannot be written or is missing afterwards.
    pub async fn heartbeat(&self, now: DateTime<Utc>) -> Result<(), HeartbeatError> {
        let beats = if self.has_one_writer() {
            let tx = self.begin().await?;
            // Overwriting a row needs no room; a new one does.
            let room = Entity::update_many().col_expr(Column::Room, Expr::value(vec![0_u8; ROOM]));
            room.filter(Column::Id.eq(ID)).exec(&tx).await?;
            let beats = beat(&tx, now).await?;
            tx.commit().await?;
            beats
        } else {
            // A single autocommitted statement: a process that froze inside a transaction would lock the row for all
            // others.
            beat(self.writer(), now).await?
        };
        let found = Entity::find_by_id(ID).one(self.pool()).await?;
        // Another process may have written the row since.
        if found.is_some_and(|row| row.beats >= beats) { Ok(()) } else { Err(HeartbeatError::Lost) }
    }
}

/// Writes the row. Returns how often it was written.
async fn beat(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<i64, HeartbeatError> {
    let written = Entity::update_many()
        .col_expr(Column::Beats, Expr::col(Column::Beats).add(1))
        .col_expr(Column::At, Expr::value(now))
        .col_expr(Column::Room, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::Id.eq(ID))
        .exec_with_returning(db)
        .await?;
    written.first().map(|row| row.beats).ok_or(HeartbeatError::Lost)
}

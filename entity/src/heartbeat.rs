//! A write check: writes a row and reads it back over another connection.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use crate::Db;

/// On `SQLite` so much room must be left in the file, or on its disk: a few times what a command takes.
const ROOM: usize = 64 * 1024;

/// The one row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "heartbeat")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// How often it was written.
    pub beats: i64,
    /// When it was written last.
    pub at: DateTime<Utc>,
    /// Nothing, but while room is looked for.
    pub room: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

const ID: i64 = 1;

/// Why rows cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum HeartbeatError {
    /// The database refused or did not answer.
    #[error("a row could not be written and read back; was `paylink migrate` run?")]
    Db(#[from] DbErr),
    /// It said that it had committed.
    #[error("a row that was committed is not there")]
    Lost,
}

impl Db {
    /// Commits a row on the way that commands take, and reads it back on the way of reads. A standby, a database that is read-only,
    /// one that is full, and one that says "committed" and keeps nothing all fail here. Many processes may do it at once.
    ///
    /// # Errors
    /// When it is not so, or the database does not answer.
    pub async fn heartbeat(&self, now: DateTime<Utc>) -> Result<(), HeartbeatError> {
        let beats = if self.has_one_writer() {
            let tx = self.begin().await?;
            // To write a row over needs no room; a new one does.
            let room = Entity::update_many().col_expr(Column::Room, Expr::value(vec![0_u8; ROOM]));
            room.filter(Column::Id.eq(ID)).exec(&tx).await?;
            let beats = beat(&tx, now).await?;
            tx.commit().await?;
            beats
        } else {
            // One statement that commits by itself: a process that freezes in between would keep the row from all others.
            beat(self.writer(), now).await?
        };
        let found = Entity::find_by_id(ID).one(self.pool()).await?;
        // Others may have written it again meanwhile.
        if found.is_some_and(|row| row.beats >= beats) { Ok(()) } else { Err(HeartbeatError::Lost) }
    }
}

/// Writes the row, and answers how often it was written.
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

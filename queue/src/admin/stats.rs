//! Statistics of the queues. The cost does not grow with the backlog: Redis is asked for lengths, the database for the
//! first entry of an index and a bounded count of dead jobs. Raw SQL: one statement for all kinds, with literals, so
//! that SQLite uses the partial index.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use crate::{
    Kind,
    redis::{Depth, QueueError, RedisQueues},
};

/// The most dead jobs that are counted, of all kinds together.
pub const MOST_DEAD: u64 = 10_000;

/// The state of one kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindStats {
    /// The kind.
    pub kind: Kind,
    /// Its jobs in Redis; `None` if Redis did not answer.
    pub queues: Option<Depth>,
    /// Its rows; `None` if the database did not answer.
    pub rows: Option<RowStats>,
}

/// The state of one kind's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowStats {
    /// When the oldest unfinished job was due, whether it is waiting or running. A future time if none is due yet;
    /// `None` if there is no job.
    pub due_since: Option<DateTime<Utc>>,
    /// How many were dead-lettered and wait for an operator, counting at most [`MOST_DEAD`] over all kinds.
    pub dead: u64,
}

/// The queue lengths of every kind, in the order of [`Kind::ALL`].
///
/// # Errors
/// Returns an error if Redis is unavailable.
pub async fn depths(queues: &RedisQueues) -> Result<Vec<Depth>, QueueError> {
    join_all(Kind::ALL.map(|kind| queues.depth(kind.as_str()))).await.into_iter().collect()
}

/// The row statistics of every kind, in the order of [`Kind::ALL`].
pub async fn row_stats(db: &impl ConnectionTrait) -> Result<Vec<RowStats>, DbErr> {
    let (oldest, dead) = (oldest(db).await?, dead(db).await?);
    Ok(Kind::ALL
        .map(|kind| RowStats {
            due_since: oldest.get(kind.as_str()).copied(),
            dead: dead.get(kind.as_str()).copied().unwrap_or_default(),
        })
        .into())
}

/// Combines both statistics, of which either may be missing.
#[must_use]
pub fn stats(queues: Option<&[Depth]>, rows: Option<&[RowStats]>) -> Vec<KindStats> {
    let kind_stats = |(at, kind)| KindStats {
        kind,
        queues: queues.and_then(|queues| queues.get(at).copied()),
        rows: rows.and_then(|rows| rows.get(at).copied()),
    };
    Kind::ALL.into_iter().enumerate().map(kind_stats).collect()
}

#[derive(FromQueryResult)]
struct Oldest {
    kind: String,
    run_at: Option<DateTime<Utc>>,
}

/// The due time of each kind's first job, taken from the first entry of the partial index `job_in_line`. Its condition
/// is a literal, because SQLite does not use a partial index for a bound parameter.
async fn oldest(db: &impl ConnectionTrait) -> Result<HashMap<String, DateTime<Utc>>, DbErr> {
    let first = |kind: Kind| {
        format!(
            "SELECT '{kind}' AS kind, (SELECT run_at FROM job WHERE state = 'queued' AND kind = '{kind}' \
             ORDER BY run_at LIMIT 1) AS run_at"
        )
    };
    let sql = Kind::ALL.map(first).join(" UNION ALL ");
    let rows = Oldest::find_by_statement(Statement::from_string(db.get_database_backend(), sql)).all(db).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.kind, row.run_at?))).collect())
}

#[derive(FromQueryResult)]
struct Dead {
    kind: String,
    jobs: i64,
}

async fn dead(db: &impl ConnectionTrait) -> Result<HashMap<String, u64>, DbErr> {
    let sql = format!(
        "SELECT kind, count(*) AS jobs FROM (SELECT kind FROM job WHERE state = 'dead' LIMIT {MOST_DEAD}) AS dead \
         GROUP BY kind"
    );
    let rows = Dead::find_by_statement(Statement::from_string(db.get_database_backend(), sql)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.kind, u64::try_from(row.jobs).unwrap_or_default())).collect())
}

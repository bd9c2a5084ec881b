//! The state of the queues, as seen by Redis and by the rows. The cost does not depend on how many jobs are waiting: Redis is asked for
//! lengths, and the database for the first entry of an index and a bounded number of dead jobs. Raw SQL: one statement for all kinds, with
//! the states spelled out so that `SQLite` uses the partial index.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use crate::{
    Kind,
    redis::{Depth, QueueError, RedisQueues},
};

/// How many dead jobs are counted at most.
const MOST_DEAD: u64 = 10_000;

/// How one kind of job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindStats {
    /// The kind.
    pub kind: Kind,
    /// How many of its jobs are where in Redis; absent if Redis did not answer.
    pub queues: Option<Depth>,
    /// Its rows; absent: the database did not say.
    pub rows: Option<RowStats>,
}

/// How the rows of one kind stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowStats {
    /// When the job that has waited the longest was due: waiting for a worker, or being done. Absent: there is none, not even
    /// one whose time is yet to come.
    pub due_since: Option<DateTime<Utc>>,
    /// How many were dead-lettered and wait for an operator, of [`MOST_DEAD`] of all kinds.
    pub dead: u64,
}

/// The queues of every kind, in the order of [`Kind::ALL`].
///
/// # Errors
/// When Redis does not answer.
pub async fn depths(queues: &RedisQueues) -> Result<Vec<Depth>, QueueError> {
    join_all(Kind::ALL.map(|kind| queues.depth(kind.as_str()))).await.into_iter().collect()
}

/// The rows of every kind, in the order of [`Kind::ALL`].
///
/// # Errors
/// When the database does not answer.
pub async fn row_stats(db: &impl ConnectionTrait) -> Result<Vec<RowStats>, DbErr> {
    let (oldest, dead) = (oldest(db).await?, dead(db).await?);
    Ok(Kind::ALL
        .map(|kind| RowStats {
            due_since: oldest.get(kind.as_str()).copied(),
            dead: dead.get(kind.as_str()).copied().unwrap_or_default(),
        })
        .into())
}

/// What was learnt of the queues.
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

/// For each kind the time of the first job in its line: the first entry of `job_in_line`, whose condition is spelled out, as
/// `SQLite` uses no partial index for a parameter.
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

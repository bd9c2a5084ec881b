//! The history of the queues by the minute: their depth from Redis, and from the rows what was done.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use entity::{
    job::{Column, Entity, JobState},
    queue_minute::{self, MinuteDepth, QueueMinute},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use crate::{Kind, redis::Depth};

/// How many hours are kept.
pub const HISTORY_HOURS: u32 = 48;

/// How many points a history has at most.
const POINTS: i32 = 60;

/// A few minutes of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When they begin.
    pub at: DateTime<Utc>,
    /// The most jobs that waited; `None` if Redis did not answer.
    pub depth: Option<MinuteDepth>,
    /// How many jobs were done, without those that leave no row.
    pub done: u64,
}

impl Point {
    fn add(&mut self, depth: Option<MinuteDepth>, done: u64) {
        self.done += done;
        self.depth = match (self.depth, depth) {
            (Some(one), Some(other)) => {
                Some(MinuteDepth { ready: one.ready.max(other.ready), delayed: one.delayed.max(other.delayed) })
            }
            (one, other) => one.or(other),
        };
    }
}

/// Records the minute that ended at `end` or just before, unless another scheduler has. The depths are in the order of
/// [`Kind::ALL`]; `None` if Redis did not answer.
pub async fn measure(db: &impl ConnectionTrait, depths: Option<&[Depth]>, end: DateTime<Utc>) -> Result<(), DbErr> {
    let end = this_minute(end);
    let minute = end - TimeDelta::minutes(1);
    let done: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Kind)
        .column_as(Column::Id.count(), "jobs")
        // A literal, because SQLite does not use a partial index for a bound parameter.
        .filter(Expr::cust("job.state IN ('done', 'discarded')"))
        .filter(Column::State.eq(JobState::Done))
        .filter(Column::FinishedAt.gte(minute))
        .filter(Column::FinishedAt.lt(end))
        .group_by(Column::Kind)
        .into_tuple()
        .all(db)
        .await?;
    let depth = |(kind, depth): (Kind, &Depth)| {
        let waiting = MinuteDepth { ready: depth.ready, delayed: depth.due };
        (waiting != MinuteDepth::default()).then(|| (kind.as_str().to_owned(), waiting))
    };
    let measured = QueueMinute {
        minute,
        done: done.into_iter().map(|(kind, jobs)| (kind, u64::try_from(jobs).unwrap_or_default())).collect(),
        depths: depths.map(|depths| Kind::ALL.into_iter().zip(depths).filter_map(depth).collect()),
    };
    queue_minute::record(db, &measured).await?;
    queue_minute::forget_before(db, end - TimeDelta::hours(HISTORY_HOURS.into())).await
}

/// The last hours in at most sixty points, of one kind or of all, oldest first, and when the first one would begin.
/// Minutes of which nothing was measured are in none.
pub async fn history(
    db: &impl ConnectionTrait,
    kind: Option<Kind>,
    hours: u32,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, Vec<Point>), DbErr> {
    let each = TimeDelta::minutes(hours.into());
    let since = this_minute(now) - each * POINTS;
    let mut points: BTreeMap<DateTime<Utc>, Point> = BTreeMap::new();
    for measured in queue_minute::since(db, since).await? {
        let passed = (measured.minute - since).num_minutes() / i64::from(hours);
        let at = since + each * i32::try_from(passed).unwrap_or(POINTS);
        let of_kind = |name: &String| kind.is_none_or(|kind| kind.as_str() == name);
        let done = measured.done.iter().filter(|(name, _)| of_kind(name)).map(|(_, jobs)| jobs).sum();
        let depth = measured.depths.map(|depths| {
            let depths = depths.iter().filter(|(name, _)| of_kind(name)).map(|(_, depth)| depth);
            depths.fold(MinuteDepth::default(), |sum, depth| MinuteDepth {
                ready: sum.ready + depth.ready,
                delayed: sum.delayed + depth.delayed,
            })
        });
        points.entry(at).or_insert(Point { at, depth: None, done: 0 }).add(depth, done);
    }
    Ok((since, points.into_values().collect()))
}

fn this_minute(time: DateTime<Utc>) -> DateTime<Utc> {
    // It fails only beyond the year 2262.
    time.duration_trunc(TimeDelta::minutes(1)).unwrap_or(time)
}

//! Finds the jobs about a thing. No index leads from it to them, so that they are looked for among those that were
//! enqueued when something happened to it, among the latest, and among those that are not done.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{JobId, MerchantId};
use entity::job::{Column, Entity, Job as Row};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use super::list::{DEAD, FINISHED, QUEUED};

/// How far an id's time may differ from the time in its row.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// How many of a merchant's latest jobs are looked through, whatever they were enqueued for.
const LATEST: u64 = 1_000;

/// From when to when jobs were enqueued.
pub type JobSpan = (DateTime<Utc>, DateTime<Utc>);

/// The merchant's jobs about this id, newest first: those enqueued in these spans, the latest, and those that are not
/// done. At most this many.
pub async fn about(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: &str,
    spans: Vec<JobSpan>,
    at_most: u64,
) -> Result<Vec<Row>, DbErr> {
    let of_merchant = || Entity::find().filter(Column::MerchantId.eq(merchant)).order_by_desc(Column::Id);
    let about = |jobs: Select<Entity>| jobs.filter(Column::Payload.contains(id)).limit(at_most).all(db);
    let mut found = about(of_merchant().filter(Expr::cust(QUEUED))).await?;
    found.extend(about(of_merchant().filter(Expr::cust(DEAD))).await?);
    let latest = of_merchant().filter(Expr::cust(FINISHED)).select_only().column(Column::Id).offset(LATEST).limit(1);
    let latest: Option<JobId> = latest.into_tuple().one(db).await?;
    let since_latest = latest.map_or_else(of_merchant, |latest| of_merchant().filter(Column::Id.gt(latest)));
    found.extend(about(since_latest.filter(Expr::cust(FINISHED))).await?);
    for (from, to) in apart(spans) {
        let within = of_merchant().filter(Column::Id.gte(JobId::new(from))).filter(Column::Id.lt(JobId::new(to)));
        found.extend(about(within.filter(Expr::cust(FINISHED))).await?);
    }
    found.sort_unstable_by_key(|job| Reverse(job.id));
    found.dedup_by_key(|job| job.id);
    found.truncate(usize::try_from(at_most).unwrap_or(usize::MAX));
    Ok(found)
}

/// The spans with some slack; those that meet are one.
fn apart(mut spans: Vec<JobSpan>) -> Vec<JobSpan> {
    spans.sort_unstable();
    let mut apart: Vec<JobSpan> = Vec::new();
    for (from, to) in spans {
        let (from, to) = (from - SLACK, to + SLACK);
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => apart.push((from, to)),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::apart;

    #[test]
    fn spans_that_meet_are_one() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let spans = vec![(at(20), at(20)), (at(1), at(9)), (at(2), at(3)), (at(11), at(11)), (at(23), at(23))];
        assert_eq!(apart(spans), [(at(0), at(12)), (at(19), at(21)), (at(22), at(24))]);
        assert!(apart(Vec::new()).is_empty());
    }
}

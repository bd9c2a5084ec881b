//! Lists of jobs. For operators only, since they span merchants.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{JobId, MerchantId, WebhookEventId};
use entity::{
    contains,
    job::{Column, Entity, Job as Row, JobState},
    list::{Found, Looks, Place},
    webhook_event::PendingSearch,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Expr},
};

use crate::{Kind, event_jobs};

// Literals, so that the partial indexes of these jobs are used.

/// The jobs that wait, as their index has them.
pub(super) const QUEUED: &str = "job.state = 'queued'";

/// The jobs that failed for good, as their index has them.
pub(super) const DEAD: &str = "job.state = 'dead'";

/// The other jobs of a merchant, as their index has them.
pub(super) const FINISHED: &str = "job.state <> 'queued'";

/// Filters of a list of jobs.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs of this kind.
    pub kind: Option<Kind>,
    /// Only jobs of this merchant.
    pub merchant: Option<MerchantId>,
    /// Only jobs whose last error contains this text, ignoring case.
    pub error: Option<String>,
    /// Only jobs enqueued before this time.
    pub enqueued_before: Option<DateTime<Utc>>,
    /// Only jobs older than this one: the page cursor.
    pub before: Option<JobId>,
    /// The most jobs to return.
    pub limit: u64,
    /// How much is read for a page.
    pub looks: Looks,
}

impl JobFilter {
    /// Only jobs enqueued at least this many hours ago.
    #[must_use]
    pub fn older_than_hours(self, hours: Option<u32>, now: DateTime<Utc>) -> Self {
        // A time before the epoch matches nothing either way.
        let before = |hours: u32| now.checked_sub_signed(TimeDelta::hours(hours.into())).unwrap_or_default();
        Self { enqueued_before: hours.map(|hours| before(hours).max(DateTime::UNIX_EPOCH)), ..self }
    }

    /// What the jobs are found by, in the order of the list: one part or two.
    fn parts(&self) -> Vec<Select<Entity>> {
        let jobs = || Entity::find();
        let finished =
            |merchant: MerchantId| jobs().filter(Expr::cust(FINISHED)).filter(Column::MerchantId.eq(merchant));
        match (self.state, self.merchant) {
            (Some(JobState::Queued), _) => vec![jobs().filter(Expr::cust(QUEUED))],
            (Some(JobState::Dead), _) => vec![jobs().filter(Expr::cust(DEAD))],
            (Some(_), Some(merchant)) => vec![finished(merchant)],
            // The waiting ones first: one that ends meanwhile is in both, not in neither.
            (None, Some(merchant)) => vec![jobs().filter(Expr::cust(QUEUED)), finished(merchant)],
            (_, None) => vec![jobs()],
        }
    }

    /// The first matches among at most this many of these jobs.
    fn among(&self, part: Select<Entity>, many: u64) -> Select<Entity> {
        let mut jobs = Entity::find();
        let listed = self.next(part).limit(many).into_query();
        QueryTrait::query(&mut jobs).from_clear().from_subquery(listed, Alias::new("job"));
        let asked = [
            self.state.map(|state| Column::State.eq(state)),
            self.kind.map(|kind| Column::Kind.eq(kind.as_str())),
            self.merchant.map(|merchant| Column::MerchantId.eq(merchant)),
            self.error.as_ref().map(|error| contains(Column::LastError, error)),
            self.enqueued_before.map(|time| Column::CreatedAt.lt(time)),
        ];
        asked.into_iter().flatten().fold(jobs, QueryFilter::filter).order_by_desc(Column::Id).limit(self.limit)
    }

    /// These jobs from the page on.
    fn next(&self, part: Select<Entity>) -> Select<Entity> {
        let part = self.before.into_iter().fold(part, |part, before| part.filter(Column::Id.lt(before)));
        part.order_by_desc(Column::Id)
    }

    /// A page of the jobs without a row, for which events stand, if there may be such ones. They have no error.
    async fn page_of_events(&self, db: &impl ConnectionTrait) -> Result<Option<Found<Row, JobId>>, DbErr> {
        let source = self.kind.map(event_jobs::source);
        let may_be =
            matches!(self.state, None | Some(JobState::Queued)) && self.error.is_none() && source != Some(None);
        if !may_be {
            return Ok(None);
        }
        let search = PendingSearch {
            until: self.enqueued_before,
            merchant: self.merchant,
            source: source.flatten(),
            before: self.before.map(|before| WebhookEventId::from_uuid(before.uuid())),
            ..PendingSearch::default()
        };
        event_jobs::list(db, search, self.looks.most.min(self.limit), self.looks).await.map(Some)
    }

    /// A page of one part.
    async fn page_of(&self, db: &impl ConnectionTrait, part: Select<Entity>) -> Result<Found<Row, JobId>, DbErr> {
        let most = self.looks.most;
        let last = self.next(part.clone()).select_only().column(Column::Id).offset(most - 1).limit(2);
        let rows = self.among(part.clone(), most).all(db).await?;
        if rows.len() as u64 >= self.limit {
            return Ok(Found { looked_to: rows.last().map(|row| row.id), rows });
        }
        let last: Vec<JobId> = last.into_tuple().all(db).await?;
        let [last, _] = last.as_slice() else { return Ok(Found { rows, looked_to: None }) };
        // A job that left the part meanwhile has made room for another one.
        let part = part.filter(Column::Id.gte(*last));
        Ok(Found { rows: self.among(part, 2 * most).all(db).await?, looked_to: Some(*last) })
    }
}

/// A page of jobs, newest first. By a kind, an error or a time it may be short or empty although there are more to look
/// through.
pub async fn list(db: &impl ConnectionTrait, filter: &JobFilter) -> Result<Found<Row, JobId>, DbErr> {
    // Read first and merged last: a job that gets its row meanwhile is in both, and counts as its row has it.
    let of_events = filter.page_of_events(db).await?;
    let mut parts = Vec::new();
    for part in filter.parts() {
        parts.push(filter.page_of(db, part).await?);
    }
    parts.extend(of_events);
    Ok(Place { limit: filter.limit, ..Place::default() }.merged(parts, |row| row.id))
}

/// The first matches, however many jobs are looked through for them.
pub async fn first(db: &impl ConnectionTrait, filter: &JobFilter) -> Result<Vec<Row>, DbErr> {
    let (mut filter, mut rows) = (filter.clone(), Vec::new());
    loop {
        let mut page = list(db, &filter).await?;
        filter.limit -= page.rows.len() as u64;
        rows.append(&mut page.rows);
        match page.looked_to {
            Some(end) if filter.limit > 0 => filter.before = Some(end),
            _ => return Ok(rows),
        }
    }
}

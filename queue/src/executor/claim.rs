//! Claims many jobs in one statement: those delivered while the previous group was being claimed.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{JobId, MerchantId};
use entity::{
    Db, Rows,
    job::{Job as Row, JobState},
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

use crate::{
    BatchError, BatchHandler, Batcher, Claim, Job, Lease, Limits, enqueue::merchant_of_lane, event_jobs,
    redis::Delivery,
};

/// Timeout of a claim.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The minimum time between two claims, so that jobs that come in a row are claimed together. One that comes alone is
/// claimed at once.
const PACE: Duration = Duration::from_millis(5);

/// Claims jobs in batches. Cheap to clone; clones share the batches.
#[derive(Debug, Clone)]
pub struct Claims(Batcher<Claiming>);

impl Claims {
    /// Claims from this database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        let limits = Limits { group: 256, at_once: 1, waiting: usize::MAX, patience: TIMEOUT, pace: PACE };
        Self(Batcher::new(Claiming(db), limits))
    }

    /// Claims a job, batched with others that are delivered at the same time.
    ///
    /// # Errors
    /// Returns an error if the database is unavailable.
    pub(crate) async fn claim(&self, wanted: WantedJob) -> Result<Claim, DbErr> {
        match self.0.submit(wanted).await {
            Ok(claimed) => claimed,
            Err(error @ (BatchError::Full | BatchError::Lost)) => Err(DbErr::Custom(error.to_string())),
        }
    }
}

/// A delivered job that should be claimed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedJob {
    job: JobId,
    now: DateTime<Utc>,
    delivery: FirstOrNot,
    /// The merchant of the event that stands for the job, if one may.
    of_event: Option<MerchantId>,
}

/// What a delivery says about earlier attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstOrNot {
    /// Nothing: every claim is written to the row before the attempt starts.
    Written,
    /// There was no earlier attempt, unless the row says so. The claim need not be written.
    First,
    /// There may have been an unwritten attempt: if the row counts none, one ended without a report.
    Later,
}

impl WantedJob {
    /// The claim request for a delivery of this kind.
    pub(crate) fn of<J: Job>(delivery: &Delivery, now: DateTime<Utc>) -> Self {
        let first_or_not = match (J::IN_DATABASE, delivery.number) {
            (false, _) => FirstOrNot::Written,
            (true, 0 | 1) => FirstOrNot::First,
            (true, _) => FirstOrNot::Later,
        };
        let of_event = J::OF_EVENT.then(|| merchant_of_lane(delivery.lane));
        Self { job: JobId::from_uuid(delivery.job), now, delivery: first_or_not, of_event }
    }
}

struct Claiming(Db);

impl BatchHandler for Claiming {
    type Item = WantedJob;
    type Answer = Result<Claim, DbErr>;

    async fn handle(&self, jobs: Vec<Self::Item>) -> Vec<Self::Answer> {
        match self.claim(&jobs).await {
            Ok(claims) => claims.into_iter().map(Ok).collect(),
            Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

impl Claiming {
    async fn claim(&self, jobs: &[WantedJob]) -> Result<Vec<Claim>, DbErr> {
        let first: Vec<&WantedJob> = jobs.iter().filter(|wanted| wanted.delivery == FirstOrNot::First).collect();
        let (tx, mut fresh) = if self.0.reads_groups_alone() {
            (None, FirstDeliveries::read(self.0.pool(), &first).await?)
        } else {
            let tx = self.0.begin_group().await?;
            let fresh = FirstDeliveries::read(&tx, &first).await?;
            (Some(tx), fresh)
        };
        let mut claims: Vec<Option<Claim>> = jobs.iter().map(|wanted| wanted.unwritten(&mut fresh)).collect();
        let written: Vec<WantedJob> =
            jobs.iter().zip(&claims).filter(|(_, claim)| claim.is_none()).map(|(wanted, _)| *wanted).collect();
        if written.is_empty() {
            if let Some(tx) = tx {
                tx.commit().await?;
            }
        } else {
            let tx = match tx {
                Some(tx) => tx,
                None => self.0.begin_group().await?,
            };
            let mut rest = write(&tx, &written).await?.into_iter();
            tx.commit().await?;
            for claim in claims.iter_mut().filter(|claim| claim.is_none()) {
                *claim = rest.next();
            }
        }
        Ok(claims.into_iter().map(|claim| claim.unwrap_or(Claim::Over)).collect())
    }
}

/// Jobs that are delivered for the first time.
struct FirstDeliveries {
    rows: HashMap<JobId, Row>,
    /// The rows that jobs would have for which an event stands.
    of_events: HashMap<JobId, Row>,
}

impl FirstDeliveries {
    async fn read(db: &impl ConnectionTrait, jobs: &[&WantedJob]) -> Result<Self, DbErr> {
        let rows = look(db, jobs).await?;
        let rowless = jobs.iter().filter(|wanted| !rows.contains_key(&wanted.job));
        let rowless: Vec<_> = rowless.filter_map(|wanted| Some((wanted.job, wanted.of_event?))).collect();
        Ok(Self { rows, of_events: event_jobs::pending(db, &rowless).await? })
    }
}

impl WantedJob {
    /// Claims a first delivery without writing, where that is allowed. If a job appears twice in the group, the first
    /// gets the lease and the second is `Over`.
    fn unwritten(&self, read: &mut FirstDeliveries) -> Option<Claim> {
        if self.delivery != FirstOrNot::First {
            return None;
        }
        if let Some(row) = read.of_events.remove(&self.job) {
            return Some(Claim::Ours(Lease::of_event(row, self.now)));
        }
        let Some(row) = read.rows.get(&self.job) else { return Some(Claim::Over) };
        if row.state != JobState::Queued {
            return Some(Claim::Over);
        }
        if row.run_at > self.now {
            return Some(Claim::NotBefore(row.run_at));
        }
        // It was delivered before, by a Redis that has since lost its data.
        if row.claims > 0 {
            return None;
        }
        read.rows.remove(&self.job).map(|row| Claim::Ours(Lease::unwritten(row, self.now)))
    }
}

/// Claims those jobs that are due at the time paired with each. Counts the attempt, and a crash if the previous attempt
/// ended without a report. Returns the result for each job, in order. If a job appears twice, the first gets the lease
/// and the second is `Over`.
///
/// # Errors
/// Returns an error if the database query fails; then no job is claimed.
pub async fn claim_all(db: &impl ConnectionTrait, jobs: &[(JobId, DateTime<Utc>)]) -> Result<Vec<Claim>, DbErr> {
    let wanted = |(job, now): &(JobId, DateTime<Utc>)| WantedJob {
        job: *job,
        now: *now,
        delivery: FirstOrNot::Written,
        of_event: None,
    };
    write(db, &jobs.iter().map(wanted).collect::<Vec<_>>()).await
}

/// An earlier attempt that was neither written nor reported is counted together with this one.
const CLAIM: &str = "UPDATE job SET attempt = attempt + CASE WHEN v.is_later AND attempt = 0 THEN 2 ELSE 1 END, claimed_at = v.now, \
    crashes = crashes + CASE WHEN claimed_at IS NOT NULL OR (v.is_later AND attempt = 0) THEN 1 ELSE 0 END \
    FROM {V} WHERE id = v.job_id AND state = v.due_state AND run_at <= v.now RETURNING";

/// On `PostgreSQL`: those whose rows are not locked. Who has locked one is ending the attempt, or stands still in the middle
/// of that; the other jobs of the group do not wait for it.
const NOT_LOCKED: &str =
    "(SELECT v.* FROM v JOIN job AS free ON free.id = v.job_id FOR NO KEY UPDATE OF free SKIP LOCKED) AS v";

/// When a job is delivered again whose row was locked.
const HELD_FOR: TimeDelta = TimeDelta::seconds(1);

async fn write(db: &impl ConnectionTrait, jobs: &[WantedJob]) -> Result<Vec<Claim>, DbErr> {
    let of_events: Vec<_> = jobs.iter().filter_map(|wanted| Some((wanted.job, wanted.of_event?))).collect();
    let rowless: Vec<Row> = event_jobs::pending(db, &of_events).await?.into_values().collect();
    event_jobs::write(db, &rowless).await?;
    let mut due = Rows::new([("job_id", "uuid"), ("now", "timestamptz"), ("due_state", "text"), ("is_later", "bool")]);
    // Sorted by id, so that two groups with the same jobs cannot deadlock.
    let in_order: BTreeMap<JobId, &WantedJob> = jobs.iter().map(|wanted| (wanted.job, wanted)).collect();
    for (job, WantedJob { now, delivery, .. }) in in_order {
        due.push([job.into(), (*now).into(), JobState::Queued.into(), (*delivery == FirstOrNot::Later).into()]);
    }
    // By their names: a column that a later step adds would change the result of the statement, which PostgreSQL refuses.
    let from = if db.get_database_backend() == DbBackend::Postgres { NOT_LOCKED } else { "v" };
    let claim = format!("{} {}", CLAIM.replace("{V}", from), Row::COLUMNS);
    let mut claimed = read(db, due, &claim, Row::read).await?;
    let others: Vec<&WantedJob> = jobs.iter().filter(|wanted| !claimed.contains_key(&wanted.job)).collect();
    let others = look(db, &others).await?;

    let claim_of = |wanted: &WantedJob| match (claimed.remove(&wanted.job), others.get(&wanted.job)) {
        (Some(row), _) => Claim::Ours(Lease::of(row)),
        (None, Some(row)) if row.state == JobState::Queued && row.run_at <= wanted.now => {
            Claim::NotBefore(wanted.now + HELD_FOR)
        }
        (None, Some(row)) if row.state == JobState::Queued => Claim::NotBefore(row.run_at),
        (None, Some(_) | None) => Claim::Over,
    };
    Ok(jobs.iter().map(claim_of).collect())
}

/// Reads the jobs' rows, where they exist.
async fn look(db: &impl ConnectionTrait, jobs: &[&WantedJob]) -> Result<HashMap<JobId, Row>, DbErr> {
    let mut rows = Rows::new([("job_id", "uuid")]);
    for wanted in jobs {
        rows.push([wanted.job.into()]);
    }
    let look = format!("SELECT {} FROM v JOIN job ON id = job_id", Row::COLUMNS);
    read(db, rows, &look, Row::read).await
}

/// Runs a statement on these rows that returns jobs.
async fn read<const N: usize>(
    db: &impl ConnectionTrait,
    rows: Rows<N>,
    rest: &str,
    read: impl Fn(&QueryResult) -> Result<Row, DbErr>,
) -> Result<HashMap<JobId, Row>, DbErr> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), rest, Vec::new())).await?;
    found.iter().map(|row| read(row).map(|row| (row.id, row))).collect()
}

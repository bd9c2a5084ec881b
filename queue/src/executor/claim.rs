//! Claiming many jobs in one statement: those that are delivered while the ones before them are being claimed.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::JobId;
use entity::{
    Db, Rows,
    job::{Job as Row, JobState},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::{BatchError, BatchHandler, Batcher, Claim, Lease, Limits};

/// How long a claim may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Claims jobs together. Cheap to clone; clones claim together too.
#[derive(Debug, Clone)]
pub struct Claims(Batcher<Claiming>);

impl Claims {
    /// Claims from this database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        let limits = Limits { group: 256, at_once: db.groups_at_once(), waiting: usize::MAX, patience: PATIENCE };
        Self(Batcher::new(Claiming(db), limits))
    }

    /// Claims a job, together with others that are delivered at the same time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn claim(&self, job: JobId, now: DateTime<Utc>) -> Result<Claim, DbErr> {
        match self.0.submit((job, now)).await {
            Ok(claimed) => claimed,
            Err(error @ (BatchError::Full | BatchError::Lost)) => Err(DbErr::Custom(error.to_string())),
        }
    }
}

struct Claiming(Db);

impl BatchHandler for Claiming {
    type Item = (JobId, DateTime<Utc>);
    type Answer = Result<Claim, DbErr>;

    async fn handle(&self, jobs: Vec<Self::Item>) -> Vec<Self::Answer> {
        match self.claim(&jobs).await {
            Ok(claims) => claims.into_iter().map(Ok).collect(),
            Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

impl Claiming {
    async fn claim(&self, jobs: &[(JobId, DateTime<Utc>)]) -> Result<Vec<Claim>, DbErr> {
        let tx = self.0.begin_group().await?;
        let claims = claim_all(&tx, jobs).await?;
        tx.commit().await?;
        Ok(claims)
    }
}

/// Claims those of the jobs that are due at the time that stands beside each: counts the attempt, and a crash if the attempt
/// before ended without a report. Says of each, in their order, what it turned out to be; of one that is there twice, the first
/// is ours and the other over.
///
/// # Errors
/// When the database does not answer; then none is claimed.
pub async fn claim_all(db: &impl ConnectionTrait, jobs: &[(JobId, DateTime<Utc>)]) -> Result<Vec<Claim>, DbErr> {
    let mut due = Rows::new([("job_id", "uuid"), ("now", "timestamptz"), ("due_state", "text")]);
    // In the same order in every group, so that two groups with the same jobs do not wait for each other for ever.
    let in_order: BTreeMap<JobId, DateTime<Utc>> = jobs.iter().copied().collect();
    for (job, now) in in_order {
        due.push([job.into(), now.into(), JobState::Queued.into()]);
    }
    let claim = "UPDATE job SET attempt = attempt + 1, claimed_at = v.now, \
        crashes = crashes + CASE WHEN claimed_at IS NULL THEN 0 ELSE 1 END \
        FROM v WHERE id = v.job_id AND state = v.due_state AND run_at <= v.now RETURNING *";
    let mut claimed = read(db, due, claim).await?;

    let mut others = Rows::new([("job_id", "uuid")]);
    for (job, _) in jobs.iter().filter(|(job, _)| !claimed.contains_key(job)) {
        others.push([(*job).into()]);
    }
    let look = "SELECT job.* FROM v JOIN job ON id = job_id";
    let others = read(db, others, look).await?;

    let claim_of = |(job, _): &(JobId, DateTime<Utc>)| match (claimed.remove(job), others.get(job)) {
        (Some(row), _) => Claim::Ours(Lease::of(row)),
        (None, Some(row)) if row.state == JobState::Queued => Claim::NotBefore(row.run_at),
        (None, Some(_) | None) => Claim::Over,
    };
    Ok(jobs.iter().map(claim_of).collect())
}

/// The jobs that a statement about these rows answers with.
async fn read<const N: usize>(
    db: &impl ConnectionTrait,
    rows: Rows<N>,
    rest: &str,
) -> Result<HashMap<JobId, Row>, DbErr> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), rest, Vec::new())).await?;
    found.iter().map(|row| Row::from_query_result(row, "").map(|row| (row.id, row))).collect()
}

//! `/v1/admin/jobs`.

use chrono::{DateTime, Utc};
use entity::{
    JobId, MerchantId,
    job::{Job, JobState},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use queue::{JobFilter, Kind};
use serde::Deserialize;

use super::Group;
use crate::{
    Api, Problem,
    auth::Operator,
    json_body::JsonBody,
    page::{Asked, Page, id},
    problem::Fields,
    record::act_of_operator,
};

pub(crate) struct Jobs;

/// A job.
#[derive(Debug, Object)]
#[oai(rename = "Job", skip_serializing_if_is_none)]
struct JobView {
    id: String,
    kind: String,
    /// `queued`, `done`, `dead` or `discarded`.
    state: String,
    merchant_id: Option<String>,
    /// How many times it was tried.
    attempt: i64,
    /// Not before.
    run_at: DateTime<Utc>,
    /// Why the last attempt did not succeed.
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Job> for JobView {
    fn from(row: Job) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind,
            state: row.state.to_string(),
            merchant_id: row.merchant_id.map(|merchant| merchant.to_string()),
            attempt: row.attempt,
            run_at: row.run_at,
            last_error: row.last_error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// Why an operator does it.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Reason")]
struct ReasonInput {
    /// For the audit log.
    reason: String,
}

#[OpenApi(tag = "Group::Admin")]
impl Jobs {
    /// List jobs
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
    #[oai(path = "/admin/jobs", method = "get")]
    async fn jobs(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// `queued`, `done`, `dead` or `discarded`.
        state: Query<Option<String>>,
        kind: Query<Option<String>>,
        merchant_id: Query<Option<String>>,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<JobView>>, Problem> {
        let asked = Asked::<JobId>::parse(limit.0, cursor.0.as_deref())?;
        let mut fields = Fields::default();
        let state = state.0.map(|state| fields.take("state", state.parse::<JobState>()));
        let kind = kind.0.map(|kind| fields.take("kind", kind.parse::<Kind>()));
        let merchant = merchant_id.0.map(|merchant| fields.take("merchant_id", merchant.parse::<MerchantId>()));
        if state == Some(None) || kind == Some(None) || merchant == Some(None) {
            return Err(fields.into_problem());
        }
        let filter = JobFilter {
            state: state.flatten(),
            kind: kind.flatten(),
            merchant: merchant.flatten(),
            before: asked.before,
            limit: asked.fetch(),
            ..JobFilter::default()
        };
        let found = queue::list(api.db.pool(), filter).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }

    /// Retry a dead job
    #[oai(path = "/admin/jobs/:id/retry", method = "post")]
    async fn retry(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] job_id: Path<String>,
        input: JsonBody<ReasonInput>,
    ) -> Result<Json<JobView>, Problem> {
        let job = find_dead(&api, &job_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let ticket = queue::retry_now(&tx, job.id, now).await?.ok_or_else(not_dead)?;
        act_of_operator(&tx, job.merchant_id, "job.retry", job.id, Some(input.0.reason), now).await?;
        tx.commit().await?;
        api.queue.ring([ticket]);
        see(&api, job.id).await
    }

    /// Discard a dead job
    #[oai(path = "/admin/jobs/:id/discard", method = "post")]
    async fn discard(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] job_id: Path<String>,
        input: JsonBody<ReasonInput>,
    ) -> Result<Json<JobView>, Problem> {
        let job = find_dead(&api, &job_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        if !queue::discard(&tx, job.id, now).await? {
            return Err(not_dead());
        }
        act_of_operator(&tx, job.merchant_id, "job.discard", job.id, Some(input.0.reason), now).await?;
        tx.commit().await?;
        see(&api, job.id).await
    }
}

async fn find_dead(api: &Api, job_id: &str) -> Result<Job, Problem> {
    let job = queue::find(api.db.pool(), id(job_id)?).await?.ok_or_else(Problem::not_found)?;
    if job.state == JobState::Dead { Ok(job) } else { Err(not_dead()) }
}

fn not_dead() -> Problem {
    Problem::conflict("job_not_dead", "Only a dead job can be retried or discarded.")
}

async fn see(api: &Api, job: JobId) -> Result<Json<JobView>, Problem> {
    let row = queue::find(api.db.pool(), job).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(row.into()))
}

//! `/v1/admin/jobs`.

use chrono::{DateTime, Utc};
use domain::{JobId, MerchantId, limits::LONGEST_REASON};
use entity::{
    job::{Job, JobState},
    list::Found,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use queue::{
    Kind, Trace,
    admin::{DeadJobAction, DeadJobChange, JobFilter},
};
use serde::Deserialize;
use serde_json::Value;

use super::Group;
use crate::http::typed::{Limit, Line, Text, TextOf};
use crate::{
    Api, Problem,
    auth::{Operator, OperatorPrincipal},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
};

/// The most jobs that one call retries or discards.
const MOST_AT_ONCE: usize = 1_000;

pub(crate) struct AdminJobs;

/// A job.
#[derive(Debug, Object)]
#[oai(rename = "Job", skip_serializing_if_is_none)]
pub(super) struct JobView {
    id: Text<JobId>,
    kind: String,
    state: Text<JobState>,
    merchant_id: Option<Text<MerchantId>>,
    /// The payload, which holds ids only.
    payload: Value,
    /// The number of attempts that count.
    attempt: i64,
    /// How many attempts ended without a result because the worker died or lost its lease.
    crashes: i64,
    /// The earliest start.
    run_at: DateTime<Utc>,
    /// Since when it is running.
    claimed_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed, or why the job was snoozed.
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    /// When it is dead-lettered at the latest.
    give_up_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    /// The id of the trace that leads from the command to this job: `trace_id` of the log's lines, and the trace's id
    /// where spans are exported to.
    trace_id: Option<String>,
}

impl From<Job> for JobView {
    fn from(row: Job) -> Self {
        let deadline = row.kind.parse().ok().and_then(|kind: Kind| kind.policy().deadline);
        Self {
            id: Text(row.id),
            state: Text(row.state),
            merchant_id: row.merchant_id.map(Text),
            payload: serde_json::from_str(&row.payload).unwrap_or_default(),
            attempt: row.attempts(),
            crashes: row.crashes,
            run_at: row.run_at,
            claimed_at: row.claimed_at,
            last_error: row.last_error,
            created_at: row.created_at,
            give_up_at: deadline.map(|deadline| row.created_at + deadline),
            finished_at: row.finished_at,
            trace_id: row.traceparent.as_deref().and_then(Trace::parse).map(|trace| trace.trace_id()),
            kind: row.kind,
        }
    }
}

/// The operator's reason.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Reason")]
struct ReasonInput {
    /// For the audit log.
    reason: Line<LONGEST_REASON>,
}

/// The dead jobs to change, and why. At least one filter is required.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "DeadJobs")]
struct DeadInput {
    kind: Option<Text<Kind>>,
    merchant_id: Option<Text<MerchantId>>,
    /// Part of the last error, ignoring case.
    error: Option<String>,
    /// Enqueued at least this many hours ago.
    older_than_hours: Option<u32>,
    /// For the audit log.
    reason: Line<LONGEST_REASON>,
    /// Only list the jobs that would be changed.
    #[oai(default)]
    #[serde(default)]
    dry_run: bool,
}

/// The jobs that were changed, or would be.
#[derive(Debug, Object)]
#[oai(rename = "ChangedJobs")]
struct ChangedView {
    job_ids: Vec<Text<JobId>>,
    /// Whether more jobs match: call again.
    more: bool,
    dry_run: bool,
}

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminJobs {
    /// List jobs
    ///
    /// A page is shorter than requested, and may be empty, after 10,000 jobs were looked through for it: `next_cursor`
    /// goes on.
    #[oai(path = "/admin/jobs", method = "get")]
    async fn jobs(
        &self,
        api: Data<&Api>,
        _key: Operator,
        state: Query<Option<Text<JobState>>>,
        kind: Query<Option<Text<Kind>>>,
        merchant_id: Query<Option<Text<MerchantId>>>,
        /// Part of the last error, ignoring case.
        error: Query<Option<String>>,
        /// Enqueued at least this many hours ago.
        older_than_hours: Query<Option<u32>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<JobId>>>,
    ) -> Result<Json<Page<JobView>>, Problem> {
        let asked = Asked::<JobId>::new(limit.0, cursor.0);
        let filter = JobFilter {
            state: state.0.map(Text::value),
            kind: kind.0.map(Text::value),
            merchant: merchant_id.0.map(Text::value),
            error: error.0,
            before: asked.before,
            limit: asked.fetch(),
            ..JobFilter::default()
        };
        let filter = filter.older_than_hours(older_than_hours.0, api.clock.now());
        let Found { rows, looked_to } = queue::admin::list(api.db.pool(), &filter).await?;
        Ok(Json(asked.page_up_to(rows, looked_to, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }

    /// See a job
    #[oai(path = "/admin/jobs/:id", method = "get")]
    async fn job(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] job_id: Path<TextOf<JobId>>,
    ) -> Result<Json<JobView>, Problem> {
        see(&api, id(&job_id)?).await
    }

    /// Retry a dead job
    #[oai(path = "/admin/jobs/:id/retry", method = "post")]
    async fn retry(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] job_id: Path<TextOf<JobId>>,
        input: JsonBody<ReasonInput>,
    ) -> Result<Json<JobView>, Problem> {
        change_one(&api, &key.0, &job_id, DeadJobAction::Retry, &input.0).await
    }

    /// Discard a dead job
    #[oai(path = "/admin/jobs/:id/discard", method = "post")]
    async fn discard(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] job_id: Path<TextOf<JobId>>,
        input: JsonBody<ReasonInput>,
    ) -> Result<Json<JobView>, Problem> {
        change_one(&api, &key.0, &job_id, DeadJobAction::Discard, &input.0).await
    }

    /// Retry dead jobs in bulk
    #[oai(path = "/admin/jobs/retry", method = "post")]
    async fn retry_all(
        &self,
        api: Data<&Api>,
        key: Operator,
        input: JsonBody<DeadInput>,
    ) -> Result<Json<ChangedView>, Problem> {
        change_all(&api, &key.0, input.0, DeadJobAction::Retry).await
    }

    /// Discard dead jobs in bulk
    #[oai(path = "/admin/jobs/discard", method = "post")]
    async fn discard_all(
        &self,
        api: Data<&Api>,
        key: Operator,
        input: JsonBody<DeadInput>,
    ) -> Result<Json<ChangedView>, Problem> {
        change_all(&api, &key.0, input.0, DeadJobAction::Discard).await
    }
}

async fn change_one(
    api: &Api,
    by: &OperatorPrincipal,
    job_id: &str,
    action: DeadJobAction,
    input: &ReasonInput,
) -> Result<Json<JobView>, Problem> {
    let job = queue::admin::find(api.db.pool(), id(job_id)?).await?.ok_or_else(Problem::not_found)?;
    if change(api, by, &[job.id], action, &input.reason.trimmed()).await?.is_empty() {
        return Err(Problem::conflict("job_not_dead", "Only a dead job can be retried or discarded."));
    }
    see(api, job.id).await
}

async fn change_all(
    api: &Api,
    by: &OperatorPrincipal,
    input: DeadInput,
    action: DeadJobAction,
) -> Result<Json<ChangedView>, Problem> {
    let narrows = [input.kind.is_some(), input.merchant_id.is_some(), input.error.is_some()];
    if !narrows.contains(&true) && input.older_than_hours.is_none() {
        return Err(Problem::malformed("Give kind, merchant_id, error or older_than_hours."));
    }
    let filter = JobFilter {
        state: Some(JobState::Dead),
        kind: input.kind.map(Text::value),
        merchant: input.merchant_id.map(Text::value),
        error: input.error,
        limit: MOST_AT_ONCE as u64 + 1,
        ..JobFilter::default()
    };
    let filter = filter.older_than_hours(input.older_than_hours, api.clock.now());
    let found = queue::admin::first(api.db.pool(), &filter).await?;
    let more = found.len() > MOST_AT_ONCE;
    let mut jobs: Vec<JobId> = found.iter().take(MOST_AT_ONCE).map(|job| job.id).collect();
    if !input.dry_run {
        jobs = change(api, by, &jobs, action, &input.reason.trimmed()).await?;
    }
    let job_ids = jobs.into_iter().map(Text).collect();
    Ok(Json(ChangedView { job_ids, more, dry_run: input.dry_run }))
}

/// Changes those that are dead, and notifies Redis of retried ones.
async fn change(
    api: &Api,
    by: &OperatorPrincipal,
    jobs: &[JobId],
    action: DeadJobAction,
    reason: &str,
) -> Result<Vec<JobId>, Problem> {
    let change = DeadJobChange { action, actor: &by.actor, reason };
    let changed = queue::admin::apply_to_dead(&api.db, jobs, change, api.clock.now()).await?;
    api.queue.notify(changed.iter().filter_map(|done| done.enqueued_job));
    Ok(changed.iter().map(|done| done.job).collect())
}

async fn see(api: &Api, job: JobId) -> Result<Json<JobView>, Problem> {
    let row = queue::admin::find(api.db.pool(), job).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(row.into()))
}

//! `/v1/admin`: what the operator's key may do.

use chrono::{DateTime, Utc};
use entity::{
    JobId, Merchant, MerchantId, Region, Secret,
    api_key::{self, Scope},
    audit::{self, Act},
    credits::{self, CreditError},
    job::{Job, JobState},
    merchant::{self, NewMerchant},
    random_secret,
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use queue::{JobFilter, Kind};
use sea_orm::DatabaseTransaction;

use super::Group;
use crate::{
    Api, Problem,
    auth::Operator,
    page::{Asked, Page, id},
    problem::Fields,
};

pub(super) struct Admin;

/// A new merchant.
#[derive(Debug, Object)]
#[oai(rename = "NewMerchant")]
struct MerchantInput {
    /// The name that buyers see.
    name: String,
    /// How buyers reach it.
    contact: Option<String>,
    /// ISO 3166: the region of phone numbers without a country code.
    #[oai(default = "default_region")]
    region: String,
    /// IANA, such as `Europe/Berlin`.
    #[oai(default = "default_time_zone")]
    time_zone: String,
}

fn default_region() -> String {
    "US".to_owned()
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}

/// A merchant.
#[derive(Debug, Object)]
#[oai(rename = "Merchant", skip_serializing_if_is_none)]
struct MerchantView {
    id: String,
    name: String,
    contact: Option<String>,
    region: String,
    time_zone: String,
    available: i64,
    held: i64,
    created_at: DateTime<Utc>,
}

impl From<Merchant> for MerchantView {
    fn from(row: Merchant) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            contact: row.contact,
            region: row.region.as_str().to_owned(),
            time_zone: row.time_zone,
            available: row.available,
            held: row.held,
            created_at: row.created_at,
        }
    }
}

/// A new API key.
#[derive(Debug, Object)]
#[oai(rename = "NewKey")]
struct KeyInput {
    /// What it is called.
    name: String,
    /// `read`, `write` or `admin`.
    scope: String,
}

/// An API key, the one time that it is shown.
#[derive(Object)]
#[oai(rename = "Key")]
struct KeyView {
    id: String,
    name: String,
    scope: String,
    /// Keep it: it is not shown again.
    key: String,
}

/// Credits that were bought.
#[derive(Debug, Object)]
#[oai(rename = "TopUp")]
struct TopUpInput {
    /// How many.
    credits: i64,
    /// Why, such as an invoice's number.
    note: Option<String>,
}

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
#[derive(Debug, Object)]
#[oai(rename = "Reason")]
struct ReasonInput {
    /// For the audit log.
    reason: String,
}

/// It exists now.
#[derive(ApiResponse)]
enum Created<T: poem_openapi::types::ToJSON> {
    /// It exists now.
    #[oai(status = 201)]
    Created(Json<T>),
}

#[OpenApi(tag = "Group::Admin")]
impl Admin {
    /// Create a merchant
    #[oai(path = "/admin/merchants", method = "post")]
    async fn create_merchant(
        &self,
        api: Data<&Api>,
        _key: Operator,
        input: Json<MerchantInput>,
    ) -> Result<Created<MerchantView>, Problem> {
        let new = check_merchant(&input)?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = merchant::insert(&tx, new, now).await?;
        record(&tx, Some(row.id), "merchant.create", row.id.to_string(), None, now).await?;
        tx.commit().await?;
        Ok(Created::Created(Json(row.into())))
    }

    /// Create an API key
    #[oai(path = "/admin/merchants/:id/keys", method = "post")]
    async fn create_key(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        input: Json<KeyInput>,
    ) -> Result<Created<KeyView>, Problem> {
        let mut fields = Fields::default();
        let name = fields.text("name", &input.name, 64);
        let scope = fields.take("scope", input.scope.parse::<Scope>());
        let (Some(name), Some(scope)) = (name, scope) else { return Err(fields.into_problem()) };
        let owner = find_merchant(&api, &merchant_id).await?;
        let key: Secret = random_secret("pk_")?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = api_key::insert(&tx, owner.id, name, scope, &key, now).await?;
        record(&tx, Some(owner.id), "key.create", row.id.to_string(), None, now).await?;
        tx.commit().await?;
        let view = KeyView {
            id: row.id.to_string(),
            name: row.name,
            scope: row.scope.to_string(),
            key: key.expose().to_owned(),
        };
        Ok(Created::Created(Json(view)))
    }

    /// Top up credits
    #[oai(path = "/admin/merchants/:id/credits", method = "post")]
    async fn top_up(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        input: Json<TopUpInput>,
    ) -> Result<Created<MerchantView>, Problem> {
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let note = input.0.note;
        credits::top_up(&tx, owner.id, input.0.credits, note.clone(), now).await.map_err(|error| match error {
            CreditError::Db(error) => error.into(),
            CreditError::NotPositive | CreditError::Insufficient { .. } | CreditError::NoHold(_) => {
                Problem::field("credits", error.to_string())
            }
        })?;
        record(&tx, Some(owner.id), "credits.top_up", owner.id.to_string(), note, now).await?;
        let row = merchant::get(&tx, owner.id).await?;
        tx.commit().await?;
        Ok(Created::Created(Json(row.into())))
    }

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
        input: Json<ReasonInput>,
    ) -> Result<Json<JobView>, Problem> {
        let job = find_dead(&api, &job_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let ticket = queue::retry_now(&tx, job.id, now).await?.ok_or_else(not_dead)?;
        record(&tx, job.merchant_id, "job.retry", job.id.to_string(), Some(input.0.reason), now).await?;
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
        input: Json<ReasonInput>,
    ) -> Result<Json<JobView>, Problem> {
        let job = find_dead(&api, &job_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        if !queue::discard(&tx, job.id, now).await? {
            return Err(not_dead());
        }
        record(&tx, job.merchant_id, "job.discard", job.id.to_string(), Some(input.0.reason), now).await?;
        tx.commit().await?;
        see(&api, job.id).await
    }
}

fn check_merchant(input: &MerchantInput) -> Result<NewMerchant, Problem> {
    let mut fields = Fields::default();
    let name = fields.text("name", &input.name, 120);
    let contact = input.contact.as_deref().map(|contact| fields.text("contact", contact, 200));
    let region = fields.take("region", Region::parse(&input.region));
    let time_zone = fields.take("time_zone", merchant::parse_zone(&input.time_zone));
    match (name, contact, region, time_zone) {
        (Some(name), None, Some(region), Some(time_zone)) => Ok(NewMerchant { name, contact: None, region, time_zone }),
        (Some(name), Some(Some(contact)), Some(region), Some(time_zone)) => {
            Ok(NewMerchant { name, contact: Some(contact), region, time_zone })
        }
        _ => Err(fields.into_problem()),
    }
}

async fn find_merchant(api: &Api, merchant_id: &str) -> Result<Merchant, Problem> {
    merchant::find(api.db.pool(), id(merchant_id)?).await?.ok_or_else(Problem::not_found)
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

async fn record(
    tx: &DatabaseTransaction,
    merchant: Option<MerchantId>,
    action: &str,
    subject: String,
    detail: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let act = Act { merchant_id: merchant, actor: "operator", action, subject, detail };
    Ok(audit::record(tx, act, now).await?)
}

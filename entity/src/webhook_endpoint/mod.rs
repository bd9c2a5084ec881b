//! Merchants' webhook endpoints and their health.

mod attempt;
mod change;
pub mod delivery;
mod keys;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ExprTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};

pub use attempt::{Attempted, SLOW, note_delivered, note_failed, note_slow};
pub use change::{EndpointChanges, EndpointError, NewEndpoint, change, create, delete, rotate_secret};

use crate::{Rows, Transaction};
use domain::{
    JobId, MerchantId, Vault, VaultError, WebhookEndpointId,
    webhook::{Events, EventsError, retries},
    words,
};

/// The most endpoints per merchant.
pub const MOST: u64 = 20;

/// How long the previous secret also signs after a rotation.
const BOTH_SECRETS: TimeDelta = TimeDelta::hours(24);

/// The sealed column with its table, which binds the sealed value to its place.
const SECRETS: &str = "webhook_endpoint.secrets";

words! {
    /// Why an endpoint is disabled.
    pub enum Disabled {
        /// The merchant disabled it.
        ByHand = "by_hand",
        /// It answered 410: it no longer exists.
        Gone = "gone",
        /// It has accepted nothing for five days.
        Failing = "failing",
    }
}

/// A webhook endpoint.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    /// The id of the endpoint.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    /// The endpoint's merchant.
    pub merchant_id: MerchantId,
    /// The URL.
    pub url: String,
    /// The merchant's description.
    pub description: Option<String>,
    /// The subscription; see [`Events`].
    pub events: String,
    /// The signing secrets, sealed.
    pub secrets: Vec<u8>,
    /// The latest change of its subscription.
    pub last_seq: Option<i64>,
    /// When it was disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why it was disabled.
    pub disabled_because: Option<Disabled>,
    /// The number of failed deliveries in a row.
    pub failures: i64,
    /// Since when all deliveries have failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Whether its last answer was slow.
    pub is_slow: bool,
    /// The job that delivers to it, or soon will.
    pub job_id: Option<JobId>,
    /// When that job is due.
    pub job_due_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as WebhookEndpoint;

impl Model {
    /// Parses the subscription.
    ///
    /// # Errors
    /// Returns an error if the stored text is invalid.
    pub fn subscription(&self) -> Result<Events, DbErr> {
        self.events.parse().map_err(|error: EventsError| DbErr::Type(error.to_string()))
    }

    /// Whether it keeps its worker waiting, so that it is served apart from the other endpoints.
    #[must_use]
    pub const fn is_trying(&self) -> bool {
        self.is_slow || self.failures > 0
    }

    /// The pause after a failed delivery; zero for the first failures.
    #[must_use]
    pub fn pause(&self) -> TimeDelta {
        retries::pause_after(self.failures)
    }

    /// The secrets that sign now, newest first.
    ///
    /// # Errors
    /// Returns an error if they cannot be decrypted.
    pub fn signing_secrets(&self, vault: &Vault, now: DateTime<Utc>) -> Result<Vec<domain::Secret>, VaultError> {
        Ok(keys::good(&vault.open(&self.secrets, self.merchant_id, SECRETS)?, now))
    }
}

/// The merchant's endpoint with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The endpoint of any merchant. For operators only.
pub async fn find_of_any(db: &impl ConnectionTrait, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The merchant's endpoint, locked until the transaction ends.
pub async fn hold(
    tx: &Transaction,
    merchant: MerchantId,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock(LockType::NoKeyUpdate).one(tx).await
}

/// The merchant's endpoints, oldest first.
pub async fn list(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Vec<WebhookEndpoint>, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).order_by_asc(Column::Id).all(db).await
}

/// Records the jobs that deliver to endpoints and when they are due, in one statement.
pub async fn set_jobs(
    tx: &Transaction,
    jobs: impl IntoIterator<Item = (WebhookEndpointId, JobId, DateTime<Utc>)>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("endpoint", "uuid"), ("delivering", "uuid"), ("due", "timestamptz")]);
    for (id, job, due) in jobs {
        rows.push([id.into(), job.into(), due.into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let update = "UPDATE webhook_endpoint SET job_id = v.delivering, job_due_at = v.due FROM v WHERE id = v.endpoint";
    tx.execute_raw(rows.statement(tx.get_database_backend(), update, Vec::new())).await.map(|_| ())
}

/// Records that no job delivers to an endpoint, because nothing is pending.
pub async fn clear_job(tx: &Transaction, id: WebhookEndpointId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::JobId, Expr::value(Option::<JobId>::None))
        .col_expr(Column::JobDueAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Endpoints with a delivery due before `cutoff` and no unfinished job that would deliver it.
pub async fn forsaken(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<WebhookEndpoint>, DbErr> {
    use crate::job;
    use sea_orm::sea_query::Query;

    let due = Query::select()
        .expr(Expr::value(1))
        .from(delivery::Entity)
        .and_where(Expr::col((delivery::Entity, delivery::Column::EndpointId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((delivery::Entity, delivery::Column::State)).eq(delivery::DeliveryState::Pending))
        .and_where(Expr::col((delivery::Entity, delivery::Column::DueAt)).lt(cutoff))
        .to_owned();
    let delivering = Query::select()
        .expr(Expr::value(1))
        .from(job::Entity)
        .and_where(Expr::col((job::Entity, job::Column::Id)).equals((Entity, Column::JobId)))
        .and_where(Expr::col((job::Entity, job::Column::State)).eq(job::JobState::Queued))
        .to_owned();
    Entity::find()
        .filter(Column::DisabledAt.is_null())
        .filter(Expr::exists(due))
        .filter(Expr::not_exists(delivering))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await
}

//! Merchants' webhook endpoints and their health.

pub mod delivery;
mod events;
mod keys;
mod outcome;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set, ExprTrait, PaginatorTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType,
};

pub use events::{Events, EventsError};
pub use outcome::{Attempted, SLOW, note_delivered, note_failed, note_slow};

use crate::{Rows, Transaction};
use domain::{JobId, MerchantId, Vault, VaultError, WebhookEndpointId, webhook::webhook_secret, words};

/// The most endpoints per merchant.
pub const MOST: u64 = 20;

/// How long the previous secret also signs after a rotation.
const BOTH_SECRETS: TimeDelta = TimeDelta::hours(24);

/// After how many failed deliveries in a row an endpoint is paused after each failure.
pub const FAILURES_BEFORE_PAUSE: i64 = 3;

/// The first pause. Each further one is twice as long, up to the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// The longest pause; see [`Model::pause`].
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

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
    /// The merchant that owns it.
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
        match u32::try_from(self.failures - FAILURES_BEFORE_PAUSE) {
            Ok(doublings) => Ord::min(FIRST_PAUSE * 2_i32.pow(Ord::min(doublings, 10)), LONGEST_PAUSE),
            Err(_) => TimeDelta::zero(),
        }
    }

    /// The secrets that sign now, newest first.
    ///
    /// # Errors
    /// Returns an error if they cannot be decrypted.
    pub fn signing_secrets(&self, vault: &Vault, now: DateTime<Utc>) -> Result<Vec<domain::Secret>, VaultError> {
        Ok(keys::good(&vault.open(&self.secrets, self.merchant_id, SECRETS)?, now))
    }
}

/// Why an endpoint was not stored.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The merchant already has [`MOST`].
    #[error("there are {MOST} endpoints already")]
    TooMany,
    /// The secret could not be generated or sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// An endpoint to create.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// The URL, which was checked.
    pub url: String,
    /// The merchant's description.
    pub description: Option<String>,
    /// The subscription.
    pub events: Events,
}

/// Creates an endpoint. Returns it with its secret, which is shown only this once.
///
/// # Errors
/// See [`EndpointError`].
pub async fn create(
    tx: &Transaction,
    vault: &Vault,
    merchant: MerchantId,
    new: NewEndpoint,
    now: DateTime<Utc>,
) -> Result<(WebhookEndpoint, domain::Secret), EndpointError> {
    // Locks the merchant, so that concurrent creations are counted one after the other.
    crate::merchant::Entity::find_by_id(merchant).lock(LockType::NoKeyUpdate).one(tx).await?;
    if Entity::find().filter(Column::MerchantId.eq(merchant)).count(tx).await? >= MOST {
        return Err(EndpointError::TooMany);
    }
    let secret = webhook_secret()?;
    let row = ActiveModel {
        id: Set(WebhookEndpointId::new(now)),
        merchant_id: Set(merchant),
        url: Set(new.url),
        description: Set(new.description),
        events: Set(new.events.to_string()),
        secrets: Set(vault.seal(&keys::first(&secret), merchant, SECRETS)?),
        last_seq: Set(None),
        disabled_at: Set(None),
        disabled_because: Set(None),
        failures: Set(0),
        failing_since: Set(None),
        is_slow: Set(false),
        job_id: Set(None),
        job_due_at: Set(None),
        created_at: Set(now),
    };
    Ok((row.insert(tx).await?, secret))
}

/// The merchant's endpoint with this id.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The endpoint of any merchant. For operators only.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_of_any(db: &impl ConnectionTrait, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The merchant's endpoint, locked until the transaction ends.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn hold(
    tx: &Transaction,
    merchant: MerchantId,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).lock(LockType::NoKeyUpdate).one(tx).await
}

/// The merchant's endpoints, oldest first.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn list(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Vec<WebhookEndpoint>, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).order_by_asc(Column::Id).all(db).await
}

/// Changes to an endpoint. `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct EndpointChanges {
    /// The URL.
    pub url: Option<String>,
    /// The description; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// The subscription.
    pub events: Option<Events>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
}

/// Changes a locked endpoint. Enabling it again clears its failures.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn change(
    tx: &Transaction,
    endpoint: WebhookEndpoint,
    changes: EndpointChanges,
    now: DateTime<Utc>,
) -> Result<WebhookEndpoint, DbErr> {
    let was_disabled = endpoint.disabled_at.is_some();
    let mut row: ActiveModel = endpoint.into();
    if let Some(url) = changes.url {
        row.url = Set(url);
    }
    if let Some(description) = changes.description {
        row.description = Set(description);
    }
    if let Some(events) = changes.events {
        row.events = Set(events.to_string());
    }
    match changes.enabled {
        Some(true) if was_disabled => {
            row.disabled_at = Set(None);
            row.disabled_because = Set(None);
            row.failures = Set(0);
            row.failing_since = Set(None);
            row.is_slow = Set(false);
        }
        Some(false) if !was_disabled => {
            row.disabled_at = Set(Some(now));
            row.disabled_because = Set(Some(Disabled::ByHand));
        }
        Some(_) | None => {}
    }
    row.update(tx).await
}

/// Gives a locked endpoint a new secret; the previous one also signs for a day. Returns the new one.
///
/// # Errors
/// Returns an error if the secrets cannot be decrypted or sealed, or if the database query fails.
pub async fn rotate_secret(
    tx: &Transaction,
    vault: &Vault,
    endpoint: &WebhookEndpoint,
    now: DateTime<Utc>,
) -> Result<domain::Secret, EndpointError> {
    let secret = webhook_secret()?;
    let known = vault.open(&endpoint.secrets, endpoint.merchant_id, SECRETS)?;
    let sealed = vault.seal(&keys::rotated(&known, &secret, now), endpoint.merchant_id, SECRETS)?;
    Entity::update_many()
        .col_expr(Column::Secrets, Expr::value(sealed))
        .filter(Column::Id.eq(endpoint.id))
        .exec(tx)
        .await?;
    Ok(secret)
}

/// Deletes an endpoint with its deliveries. Returns `false` if there is none.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn delete(tx: &Transaction, merchant: MerchantId, id: WebhookEndpointId) -> Result<bool, DbErr> {
    let gone = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::MerchantId.eq(merchant)).exec(tx).await?;
    Ok(gone.rows_affected == 1)
}

/// Records the jobs that deliver to endpoints and when they are due, in one statement.
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
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

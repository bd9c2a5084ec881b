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

/// How many endpoints a merchant may have.
pub const MOST: u64 = 20;

/// How long the secret before a rotation signs too.
const BOTH_SECRETS: TimeDelta = TimeDelta::hours(24);

/// How many deliveries in a row an endpoint may fail before there is a pause after each.
pub const FAILURES_BEFORE_PAUSE: i64 = 3;

/// The first of these pauses; each further one is twice as long, up to the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// See [`Model::pause`].
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// The column that is sealed, with its table: what binds the sealed value to its place.
const SECRETS: &str = "webhook_endpoint.secrets";

words! {
    /// Why nothing is delivered to an endpoint any more.
    pub enum Disabled {
        /// The merchant wants it so.
        ByHand = "by_hand",
        /// It answered 410: it is there no more.
        Gone = "gone",
        /// It has not taken anything for five days.
        Failing = "failing",
    }
}

/// An endpoint.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Where it is.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is told of; see [`Events`].
    pub events: String,
    /// What signs for it, sealed.
    pub secrets: Vec<u8>,
    /// The last change that it would have been told of.
    pub last_seq: Option<i64>,
    /// Since when nothing is delivered to it.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why.
    pub disabled_because: Option<Disabled>,
    /// How many deliveries in a row have failed.
    pub failures: i64,
    /// Since when none has succeeded.
    pub failing_since: Option<DateTime<Utc>>,
    /// Whether it took its time to answer last.
    pub is_slow: bool,
    /// The job that delivers to it, or is about to.
    pub job_id: Option<JobId>,
    /// When that job is due.
    pub job_due_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as WebhookEndpoint;

impl Model {
    /// What it is told of.
    ///
    /// # Errors
    /// When the stored text is none.
    pub fn subscription(&self) -> Result<Events, DbErr> {
        self.events.parse().map_err(|error: EventsError| DbErr::Type(error.to_string()))
    }

    /// Whether it keeps whoever delivers to it waiting, so that they should be others than those who deliver to the rest.
    #[must_use]
    pub const fn is_trying(&self) -> bool {
        self.is_slow || self.failures > 0
    }

    /// How long it is left alone after a delivery that it did not take; none as long as that has patience.
    #[must_use]
    pub fn pause(&self) -> TimeDelta {
        match u32::try_from(self.failures - FAILURES_BEFORE_PAUSE) {
            Ok(doublings) => Ord::min(FIRST_PAUSE * 2_i32.pow(Ord::min(doublings, 10)), LONGEST_PAUSE),
            Err(_) => TimeDelta::zero(),
        }
    }

    /// The secrets that sign now, the newest first.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub fn signing_secrets(&self, vault: &Vault, now: DateTime<Utc>) -> Result<Vec<domain::Secret>, VaultError> {
        Ok(keys::good(&vault.open(&self.secrets, self.merchant_id, SECRETS)?, now))
    }
}

/// Why an endpoint is not written.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// There are [`MOST`] already.
    #[error("there are {MOST} endpoints already")]
    TooMany,
    /// The secret could not be made or sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// What it takes to make an endpoint.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Where it is; checked before.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is told of.
    pub events: Events,
}

/// Makes an endpoint; answers it with its secret, the one time that it is known.
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
    // Under the merchant's lock, so that two that are made at once are counted one after the other.
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

/// The merchant's endpoint.
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

/// The endpoint, whoever's it is. Operators only.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_of_any(db: &impl ConnectionTrait, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The same, held until the transaction ends.
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

/// What is to change of an endpoint; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointChanges {
    /// Where it is.
    pub url: Option<String>,
    /// What it is for, or nothing.
    pub description: Option<Option<String>>,
    /// What it is told of.
    pub events: Option<Events>,
    /// Whether anything is delivered to it.
    pub enabled: Option<bool>,
}

/// Changes an endpoint that is held. One that is enabled again begins anew, without its failures.
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

/// Gives an endpoint that is held a new secret; the one before it signs too for a day. Answers the new one.
///
/// # Errors
/// When the secrets cannot be opened or sealed, or the database does not answer.
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

/// Removes an endpoint, with its deliveries; `false` if there is none.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn delete(tx: &Transaction, merchant: MerchantId, id: WebhookEndpointId) -> Result<bool, DbErr> {
    let gone = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::MerchantId.eq(merchant)).exec(tx).await?;
    Ok(gone.rows_affected == 1)
}

/// Notes which jobs deliver to endpoints from now on, and when each is due; by one statement, whatever their number.
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

/// Notes that no job delivers to an endpoint: there is nothing to deliver.
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

/// Endpoints to which something should have been delivered before `cutoff`, and to which no job delivers that is still to be done.
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

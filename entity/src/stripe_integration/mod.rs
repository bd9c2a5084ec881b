//! A merchant's connection to Stripe. The keys are sealed; see [`domain::Vault`].

mod endpoint;
mod keys;
mod signing;
mod webhook_health;

use chrono::{DateTime, Utc};
use sea_orm::{JoinType, QueryOrder, QuerySelect, entity::prelude::*};

pub use endpoint::{
    EndpointStatus, MadeEndpoint, begin_endpoint_attempt, refuse_endpoint, request_endpoint, set_endpoint,
};
pub use keys::{DropError, StripeKeys, add_webhook_secret, drop_webhook_secret, put};
pub use signing::SigningSecret;
pub use webhook_health::{note_event, note_missed, note_other_mode, note_signature_failure, note_untold};

use crate::{
    Merchant, Transaction,
    attention::{self, AttentionKind, Matter},
    merchant,
};
use domain::{
    MerchantId, Secret, Vault, VaultError,
    stripe_health::{EndpointSeen, Health, Symptoms},
    words,
};

words! {
    /// Whether Stripe accepts the key.
    pub enum StripeStatus {
        /// A job is checking it.
        Checking = "checking",
        /// Stripe accepts it.
        Connected = "connected",
        /// Stripe rejects it; `reason` says what to change.
        Failed = "failed",
    }
}

/// A merchant's connection to Stripe.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stripe_integration")]
pub struct Model {
    /// The merchant whose account it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The secret or restricted key, sealed.
    pub secret_key: Vec<u8>,
    /// Its last four characters.
    pub secret_key_last_four: String,
    /// The signing secrets of webhooks, sealed together: see [`Model::signing_secrets`].
    pub webhook_secrets: Option<Vec<u8>>,
    /// The last four characters of the newest signing secret.
    pub webhook_secret_last_four: Option<String>,
    /// Whether the key is a live key.
    pub livemode: bool,
    /// Whether Stripe accepts the key.
    pub status: StripeStatus,
    /// What to change.
    pub reason: Option<String>,
    /// When the latest event from Stripe arrived.
    pub last_event_at: Option<DateTime<Utc>>,
    /// The account of the key, if the key may read it.
    pub account: Option<String>,
    /// The id (`we_…`) of the webhook endpoint that we registered.
    pub endpoint_id: Option<String>,
    /// The progress of registering our webhook endpoint, if it was requested.
    pub endpoint_status: Option<EndpointStatus>,
    /// Why it could not be registered, and what to do.
    pub endpoint_reason: Option<String>,
    /// The number of idempotency keys used to register it.
    pub endpoint_attempt: i64,
    /// When the current idempotency key was first used.
    pub endpoint_attempted_at: Option<DateTime<Utc>>,
    /// Webhooks with a wrong signature since the last good one, counted coarsely; see [`note_signature_failure`].
    pub signature_failures: i64,
    /// When the first of them arrived.
    pub signature_failing_since: Option<DateTime<Utc>>,
    /// When the latest of them arrived.
    pub signature_failed_at: Option<DateTime<Utc>>,
    /// When an event of the other mode last arrived: a test event for a live key, or the reverse.
    pub other_mode_at: Option<DateTime<Utc>>,
    /// The result of the last health check.
    pub health: Option<Health>,
    /// When the health was last checked.
    pub health_at: Option<DateTime<Utc>>,
    /// When a payment was last found whose webhook had not arrived yet but still might.
    pub untold_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as StripeIntegration;

const SECRET_KEY: &str = "stripe_integration.secret_key";
const WEBHOOK_SECRETS: &str = "stripe_integration.webhook_secrets";

impl Model {
    /// Decrypts the key.
    ///
    /// # Errors
    /// Returns an error if it was sealed with another root key or is damaged.
    pub fn secret_key(&self, vault: &Vault) -> Result<Secret, VaultError> {
        vault.open(&self.secret_key, self.merchant_id, SECRET_KEY)
    }

    /// All signing secrets that are valid now.
    ///
    /// # Errors
    /// See [`Model::secret_key`].
    pub fn webhook_secrets(&self, vault: &Vault, now: DateTime<Utc>) -> Result<Vec<Secret>, VaultError> {
        let known = self.signing_secrets(vault)?;
        Ok(known.into_iter().filter(|known| known.is_good(now)).map(|known| known.secret).collect())
    }

    /// All stored signing secrets, newest first, with their expiry.
    ///
    /// # Errors
    /// See [`Model::secret_key`].
    pub fn signing_secrets(&self, vault: &Vault) -> Result<Vec<SigningSecret>, VaultError> {
        let Some(sealed) = &self.webhook_secrets else { return Ok(Vec::new()) };
        Ok(signing::read(&vault.open(sealed, self.merchant_id, WEBHOOK_SECRETS)?))
    }

    /// What its webhooks are diagnosed by.
    #[must_use]
    pub fn symptoms(&self, has_secret: bool, endpoint: EndpointSeen, should_have_come: bool) -> Symptoms {
        Symptoms {
            has_secret,
            endpoint,
            should_have_come,
            last_event_at: self.last_event_at,
            other_mode_at: self.other_mode_at,
            signature_failures: self.signature_failures,
            before: self.health.zip(self.health_at),
            untold_at: self.untold_at,
        }
    }
}

/// Why a connection was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The keys could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// The merchant's connection, if there is one.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<StripeIntegration>, DbErr> {
    Entity::find_by_id(merchant).one(db).await
}

/// The result of checking a key.
#[derive(Debug)]
pub struct KeyCheck {
    /// Whether Stripe accepts the key.
    pub status: StripeStatus,
    /// Why not, for the merchant.
    pub reason: Option<String>,
    /// The account of the key, if the key may read it.
    pub account: Option<String>,
}

impl KeyCheck {
    /// The key is rejected for this reason.
    #[must_use]
    pub fn failed(reason: String) -> Self {
        Self { status: StripeStatus::Failed, reason: Some(reason), account: None }
    }
}

/// The merchant and its connection, if there is one, in one round trip.
///
/// # Errors
/// Returns an error if the merchant does not exist or the database query fails.
pub async fn with_owner(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
) -> Result<(Merchant, Option<StripeIntegration>), DbErr> {
    let of_merchant: RelationDef =
        merchant::Entity::belongs_to(Entity).from(merchant::Column::Id).to(Column::MerchantId).into();
    let found = merchant::Entity::find_by_id(merchant)
        .join(JoinType::LeftJoin, of_merchant)
        .select_also(Entity)
        .one(db)
        .await?;
    found.ok_or_else(|| DbErr::RecordNotFound(merchant.to_string()))
}

/// Records whether Stripe accepts the key from `checked.updated_at`. Does nothing if the key was replaced meanwhile.
pub async fn set_status(
    tx: &Transaction,
    checked: &StripeIntegration,
    found: KeyCheck,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let KeyCheck { status, reason, account } = found;
    let judged = Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::Account, Expr::value(account))
        .filter(Column::MerchantId.eq(checked.merchant_id))
        .filter(Column::UpdatedAt.eq(checked.updated_at))
        .exec(tx)
        .await?;
    if judged.rows_affected == 0 {
        return Ok(());
    }
    let is_sick = (status == StripeStatus::Failed).then_some("key_refused");
    follow(tx, checked.merchant_id, "key", is_sick, now).await
}

/// Opens or resolves the matter of an unhealthy connection.
async fn follow(
    tx: &Transaction,
    merchant: MerchantId,
    part: &str,
    is_sick: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let kind = AttentionKind::StripeConnection;
    let Some(reason) = is_sick else {
        return attention::resolve_by_itself(tx, merchant, kind, part, now).await;
    };
    attention::open(tx, vec![Matter::of_merchant(merchant, kind, part, Some(reason.to_owned()))], now).await
}

/// Records the health of the webhooks as of what was known then. Does not overwrite what was found meanwhile.
pub async fn set_health(
    tx: &Transaction,
    known: &StripeIntegration,
    health: Health,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let as_known = match known.health_at {
        Some(at) => Column::HealthAt.eq(at),
        None => Column::HealthAt.is_null(),
    };
    let judged = Entity::update_many()
        .col_expr(Column::Health, Expr::value(health))
        .col_expr(Column::HealthAt, Expr::value(now))
        .filter(Column::MerchantId.eq(known.merchant_id))
        .filter(as_known)
        .exec(tx)
        .await?;
    if judged.rows_affected == 0 {
        return Ok(());
    }
    let is_sick = (health != Health::Healthy).then_some(health.as_str());
    follow(tx, known.merchant_id, "webhooks", is_sick, now).await
}

/// A page of the connections whose key Stripe accepts, by merchant.
pub async fn connected(
    db: &impl ConnectionTrait,
    after: Option<MerchantId>,
    limit: u64,
) -> Result<Vec<StripeIntegration>, DbErr> {
    let mut query = Entity::find().filter(Column::Status.eq(StripeStatus::Connected));
    if let Some(after) = after {
        query = query.filter(Column::MerchantId.gt(after));
    }
    query.order_by_asc(Column::MerchantId).limit(limit).all(db).await
}

/// Deletes the connection with its keys.
pub async fn delete(tx: &Transaction, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::delete_by_id(merchant).exec(tx).await?;
    for part in ["key", "webhooks"] {
        follow(tx, merchant, part, None, now).await?;
    }
    Ok(())
}

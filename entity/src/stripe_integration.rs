//! A merchant's connection to Stripe. The keys are sealed; see [`crate::Vault`].

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use crate::{MerchantId, Secret, Vault, VaultError, column::words};

words! {
    /// Whether Stripe takes the key.
    pub enum StripeStatus {
        /// A job is asking.
        Checking = "checking",
        /// It does.
        Connected = "connected",
        /// It does not; `reason` says what to change.
        Failed = "failed",
    }
}

/// A merchant's connection to Stripe.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stripe_integration")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The secret or restricted key, sealed.
    pub secret_key: Vec<u8>,
    /// Its last four characters.
    pub secret_key_last_four: String,
    /// The signing secrets of webhooks, sealed: one a line, all of them active, so that they can be rotated.
    pub webhook_secrets: Option<Vec<u8>>,
    /// The last four characters of the newest.
    pub webhook_secret_last_four: Option<String>,
    /// Whether the key is a live one.
    pub livemode: bool,
    /// Whether Stripe takes the key.
    pub status: StripeStatus,
    /// What to change.
    pub reason: Option<String>,
    /// When Stripe last told us something.
    pub last_event_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as StripeIntegration;

const SECRET_KEY: &str = "stripe_integration.secret_key";
const WEBHOOK_SECRETS: &str = "stripe_integration.webhook_secrets";

impl Model {
    /// The key, for the wire.
    ///
    /// # Errors
    /// When it was sealed with another key of the installation, or is damaged.
    pub fn secret_key(&self, vault: &Vault) -> Result<Secret, VaultError> {
        vault.open(&self.secret_key, self.merchant_id, SECRET_KEY)
    }

    /// Every signing secret that may sign a webhook now.
    ///
    /// # Errors
    /// As for [`Model::secret_key`].
    pub fn webhook_secrets(&self, vault: &Vault) -> Result<Vec<Secret>, VaultError> {
        let Some(sealed) = &self.webhook_secrets else { return Ok(Vec::new()) };
        let lines = vault.open(sealed, self.merchant_id, WEBHOOK_SECRETS)?;
        Ok(lines.expose().lines().map(Secret::new).collect())
    }
}

/// Why a connection could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The keys could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// Writes or replaces the merchant's keys; the status starts over at `checking`. Without a new signing secret the old ones stay.
///
/// # Errors
/// When the keys cannot be sealed or the database does not answer.
pub async fn put(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    secret_key: &Secret,
    webhook_secret: Option<&Secret>,
    now: DateTime<Utc>,
) -> Result<StripeIntegration, ConnectError> {
    let sealed_webhook_secret =
        webhook_secret.map(|secret| vault.seal(secret, merchant, WEBHOOK_SECRETS)).transpose()?;
    let row = ActiveModel {
        merchant_id: Set(merchant),
        secret_key: Set(vault.seal(secret_key, merchant, SECRET_KEY)?),
        secret_key_last_four: Set(secret_key.last_four()),
        webhook_secrets: Set(sealed_webhook_secret),
        webhook_secret_last_four: Set(webhook_secret.map(Secret::last_four)),
        livemode: Set(secret_key.expose().contains("_live_")),
        status: Set(StripeStatus::Checking),
        reason: Set(None),
        last_event_at: Set(None),
        updated_at: Set(now),
    };
    let mut replace = OnConflict::column(Column::MerchantId);
    replace.update_columns([
        Column::SecretKey,
        Column::SecretKeyLastFour,
        Column::Livemode,
        Column::Status,
        Column::Reason,
        Column::UpdatedAt,
    ]);
    if webhook_secret.is_some() {
        replace.update_columns([Column::WebhookSecrets, Column::WebhookSecretLastFour]);
    }
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    find(db, merchant).await?.ok_or_else(|| DbErr::RecordNotFound("stripe integration".to_owned()).into())
}

/// The merchant's connection, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<StripeIntegration>, DbErr> {
    Entity::find_by_id(merchant).one(db).await
}

/// Says whether Stripe took the key that was written at `checked.updated_at`; a key that was replaced meanwhile is not judged.
///
/// # Errors
/// When the database does not answer.
pub async fn set_status(
    db: &impl ConnectionTrait,
    checked: &StripeIntegration,
    status: StripeStatus,
    reason: Option<String>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::Reason, Expr::value(reason))
        .filter(Column::MerchantId.eq(checked.merchant_id))
        .filter(Column::UpdatedAt.eq(checked.updated_at))
        .exec(db)
        .await
        .map(|_| ())
}

/// Notes that Stripe told us something.
///
/// # Errors
/// When the database does not answer.
pub async fn note_event(db: &impl ConnectionTrait, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LastEventAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .exec(db)
        .await
        .map(|_| ())
}

/// Forgets the keys.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<(), DbErr> {
    Entity::delete_by_id(merchant).exec(db).await.map(|_| ())
}

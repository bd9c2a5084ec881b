//! A connection's keys. They can be set, added and dropped, and are read only to be used.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use super::{
    ActiveModel, Column, ConnectError, Entity, SECRET_KEY, StripeIntegration, StripeStatus, WEBHOOK_SECRETS, find,
    signing::{self, SigningSecret},
};
use domain::{MerchantId, Secret, Vault, VaultError};

/// The keys a merchant enters to connect Stripe.
#[derive(Debug, Clone, Copy)]
pub struct StripeKeys<'a> {
    /// A secret or restricted key.
    pub secret_key: &'a Secret,
    /// The signing secret of webhooks, if it is already known.
    pub webhook_secret: Option<&'a Secret>,
}

/// Inserts or replaces the merchant's keys and resets the status to `checking`. Existing signing secrets stay, after
/// the new one; see [`signing`].
///
/// # Errors
/// Returns an error if the keys cannot be sealed, or if the database query fails.
pub async fn put(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    keys: StripeKeys<'_>,
    now: DateTime<Utc>,
) -> Result<StripeIntegration, ConnectError> {
    let StripeKeys { secret_key, webhook_secret } = keys;
    let sealed_webhook_secret = match webhook_secret {
        Some(secret) => Some(sealed_with(find(db, merchant).await?.as_ref(), vault, merchant, secret, now)?),
        None => None,
    };
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
        endpoint_attempt: Set(0),
        signature_failures: Set(0),
        updated_at: Set(now),
        ..Default::default()
    };
    let mut replace = OnConflict::column(Column::MerchantId);
    replace.update_columns([
        Column::SecretKey,
        Column::SecretKeyLastFour,
        Column::Livemode,
        Column::Status,
        Column::Reason,
        Column::Account,
        Column::Health,
        Column::HealthAt,
        Column::OtherModeAt,
        Column::UpdatedAt,
    ]);
    if webhook_secret.is_some() {
        replace.update_columns([Column::WebhookSecrets, Column::WebhookSecretLastFour]);
    }
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    find(db, merchant).await?.ok_or_else(|| DbErr::RecordNotFound("stripe integration".to_owned()).into())
}

/// A connection's signing secrets with another one added, sealed.
pub(super) fn sealed_with(
    known: Option<&StripeIntegration>,
    vault: &Vault,
    merchant: MerchantId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, VaultError> {
    let known = match known.map(|known| known.signing_secrets(vault)) {
        Some(Ok(known)) => known,
        // A secret that cannot be decrypted is of no use.
        Some(Err(_)) | None => Vec::new(),
    };
    vault.seal(&signing::write(&signing::add(known, secret, now), now), merchant, WEBHOOK_SECRETS)
}

/// Why a signing secret is not dropped.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// No signing secret ends with these characters.
    #[error("there is no signing secret that ends so")]
    Unknown,
    /// It is the only valid one.
    #[error("it is the only signing secret: without it no webhook could be believed")]
    Last,
    /// The rest could not be stored.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl From<DbErr> for DropError {
    fn from(error: DbErr) -> Self {
        Self::Connect(error.into())
    }
}

/// Adds a signing secret before the existing ones, which stay valid for a while.
///
/// # Errors
/// Returns an error if it cannot be sealed, or if the database query fails.
pub async fn add_webhook_secret(
    db: &impl ConnectionTrait,
    vault: &Vault,
    known: &StripeIntegration,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<StripeIntegration, ConnectError> {
    let sealed = sealed_with(Some(known), vault, known.merchant_id, secret, now)?;
    write_secrets(db, known, sealed, &secret.last_four()).await
}

/// Drops the signing secret with these last four characters at once; webhooks signed with it are refused from now on.
///
/// # Errors
/// Returns [`DropError::Unknown`], [`DropError::Last`], or an error if the rest cannot be stored.
pub async fn drop_webhook_secret(
    db: &impl ConnectionTrait,
    vault: &Vault,
    known: &StripeIntegration,
    last_four: &str,
    now: DateTime<Utc>,
) -> Result<StripeIntegration, DropError> {
    let good = known.signing_secrets(vault).map_err(ConnectError::from)?;
    let good: Vec<SigningSecret> = good.into_iter().filter(|secret| secret.is_good(now)).collect();
    let rest: Vec<SigningSecret> =
        good.iter().filter(|secret| secret.secret.last_four() != last_four).cloned().collect();
    if rest.len() == good.len() {
        return Err(DropError::Unknown);
    }
    let Some(newest) = rest.first().map(|secret| secret.secret.last_four()) else { return Err(DropError::Last) };
    let sealed =
        vault.seal(&signing::write(&rest, now), known.merchant_id, WEBHOOK_SECRETS).map_err(ConnectError::from)?;
    Ok(write_secrets(db, known, sealed, &newest).await?)
}

async fn write_secrets(
    db: &impl ConnectionTrait,
    known: &StripeIntegration,
    sealed: Vec<u8>,
    last_four: &str,
) -> Result<StripeIntegration, ConnectError> {
    Entity::update_many()
        .col_expr(Column::WebhookSecrets, Expr::value(sealed))
        .col_expr(Column::WebhookSecretLastFour, Expr::value(last_four))
        .filter(Column::MerchantId.eq(known.merchant_id))
        .exec(db)
        .await?;
    find(db, known.merchant_id).await?.ok_or_else(|| DbErr::RecordNotFound("stripe integration".to_owned()).into())
}

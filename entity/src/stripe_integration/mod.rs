//! A merchant's connection to Stripe. The keys are sealed; see [`crate::Vault`].

mod signing;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ExprTrait,
    entity::prelude::*,
    sea_query::{Func, OnConflict},
};

pub use signing::{OVERLAP, SigningSecret};

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

words! {
    /// How far the registration of our webhook endpoint has come.
    pub enum EndpointStatus {
        /// A job is asking.
        Registering = "registering",
        /// Stripe has it, and we have its signing secret.
        Registered = "registered",
        /// Stripe does not take it; `endpoint_reason` says what to do.
        Failed = "failed",
    }
}

words! {
    /// What is the matter with the webhooks, if anything.
    pub enum Health {
        /// They come as they should, as far as can be seen.
        Healthy = "healthy",
        /// We have no signing secret, so that nothing that comes can be believed.
        NoSecret = "no_secret",
        /// Nothing has ever come although something should have.
        NeverReceived = "never_received",
        /// What comes is signed with another secret than ours.
        WrongSecret = "wrong_secret",
        /// Stripe has no endpoint with our address.
        EndpointMissing = "endpoint_missing",
        /// Stripe has switched our endpoint off.
        EndpointDisabled = "endpoint_disabled",
        /// Test events come for a live key, or the reverse.
        ModesMixed = "modes_mixed",
        /// Something came before, but a payment was found that no webhook had told of.
        EventsMissing = "events_missing",
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
    /// The signing secrets of webhooks, sealed together: see [`Model::signing_secrets`].
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
    /// The account that the key belongs to, as far as the key may see it.
    pub account: Option<String>,
    /// `we_…`: the webhook endpoint that we registered.
    pub endpoint_id: Option<String>,
    /// How far the registration of our webhook endpoint has come, if it was asked for.
    pub endpoint_status: Option<EndpointStatus>,
    /// Why it could not be registered, and what to do.
    pub endpoint_reason: Option<String>,
    /// How many idempotency keys were used to register it.
    pub endpoint_attempt: i64,
    /// When the current idempotency key was first used.
    pub endpoint_attempted_at: Option<DateTime<Utc>>,
    /// Webhooks with a wrong signature since the last good one, counted coarsely: see [`note_signature_failure`].
    pub signature_failures: i64,
    /// When the first of them came.
    pub signature_failing_since: Option<DateTime<Utc>>,
    /// When the latest of them came.
    pub signature_failed_at: Option<DateTime<Utc>>,
    /// When an event of the other mode came last: a test event for a live key, or the reverse.
    pub other_mode_at: Option<DateTime<Utc>>,
    /// What the last look at the webhooks found.
    pub health: Option<Health>,
    /// When that was.
    pub health_at: Option<DateTime<Utc>>,
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
    pub fn webhook_secrets(&self, vault: &Vault, now: DateTime<Utc>) -> Result<Vec<Secret>, VaultError> {
        let known = self.signing_secrets(vault)?;
        Ok(known.into_iter().filter(|known| known.is_good(now)).map(|known| known.secret).collect())
    }

    /// Every signing secret that is kept, newest first, with the time at which it lapses.
    ///
    /// # Errors
    /// As for [`Model::secret_key`].
    pub fn signing_secrets(&self, vault: &Vault) -> Result<Vec<SigningSecret>, VaultError> {
        let Some(sealed) = &self.webhook_secrets else { return Ok(Vec::new()) };
        Ok(signing::read(&vault.open(sealed, self.merchant_id, WEBHOOK_SECRETS)?))
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

/// Writes or replaces the merchant's keys; the status starts over at `checking`. The signing secrets that are there stay, and a
/// new one is put before them: see [`signing`].
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

/// The signing secrets of a connection with one more, sealed.
fn sealed_with(
    known: Option<&StripeIntegration>,
    vault: &Vault,
    merchant: MerchantId,
    secret: &Secret,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, VaultError> {
    let known = match known.map(|known| known.signing_secrets(vault)) {
        Some(Ok(known)) => known,
        // What cannot be opened any more signs nothing any more.
        Some(Err(_)) | None => Vec::new(),
    };
    vault.seal(&signing::write(&signing::add(known, secret, now), now), merchant, WEBHOOK_SECRETS)
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

/// Notes that Stripe told us something, with a good signature: what failed before is over.
///
/// # Errors
/// When the database does not answer.
pub async fn note_event(db: &impl ConnectionTrait, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LastEventAt, Expr::value(now))
        .col_expr(Column::SignatureFailures, Expr::value(0_i64))
        .col_expr(Column::SignatureFailingSince, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::MerchantId.eq(merchant))
        .exec(db)
        .await
        .map(|_| ())
}

/// How often failures of a signature are written down at most: anybody can send us nonsense, and shall not make us write.
const FAILURE_GRAIN: TimeDelta = TimeDelta::seconds(10);

/// Notes that a webhook came whose signature was made with none of our secrets. Of several within ten seconds one counts.
///
/// # Errors
/// When the database does not answer.
pub async fn note_signature_failure(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let since = Func::coalesce([Expr::col(Column::SignatureFailingSince), Expr::value(now)]);
    Entity::update_many()
        .col_expr(Column::SignatureFailures, Expr::col(Column::SignatureFailures).add(1))
        .col_expr(Column::SignatureFailingSince, since.into())
        .col_expr(Column::SignatureFailedAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::SignatureFailedAt.is_null().or(Column::SignatureFailedAt.lte(now - FAILURE_GRAIN)))
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

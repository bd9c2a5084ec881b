//! Creating, changing and deleting endpoints.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, PaginatorTrait, QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{ActiveModel, Column, Disabled, Entity, MOST, SECRETS, WebhookEndpoint, keys};
use crate::Transaction;
use domain::{
    MerchantId, Vault, VaultError, WebhookEndpointId,
    webhook::{Events, webhook_secret},
};

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
pub async fn delete(tx: &Transaction, merchant: MerchantId, id: WebhookEndpointId) -> Result<bool, DbErr> {
    let gone = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::MerchantId.eq(merchant)).exec(tx).await?;
    Ok(gone.rows_affected == 1)
}

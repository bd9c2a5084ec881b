//! The registration of our webhook endpoint at Stripe.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, ConnectError, Entity, StripeIntegration, keys::sealed_with};
use domain::{MerchantId, Secret, Vault, words};

words! {
    /// The progress of registering our webhook endpoint.
    pub enum EndpointStatus {
        /// A job is registering it.
        Registering = "registering",
        /// Stripe has it, and its signing secret is stored.
        Registered = "registered",
        /// Stripe refuses it; `endpoint_reason` says what to do.
        Failed = "failed",
    }
}

/// Requests the registration. Saves the next idempotency key and its time before any call. Returns `None` without a
/// connection.
pub async fn request_endpoint(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
) -> Result<Option<StripeIntegration>, DbErr> {
    begin_endpoint_attempt(db, merchant, now).await?;
    super::find(db, merchant).await
}

/// Saves the number and the time of the next idempotency key before it is used.
pub async fn begin_endpoint_attempt(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::EndpointStatus, Expr::value(EndpointStatus::Registering))
        .col_expr(Column::EndpointReason, Expr::value(Option::<String>::None))
        .col_expr(Column::EndpointAttempt, Expr::col(Column::EndpointAttempt).add(1))
        .col_expr(Column::EndpointAttemptedAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .exec(db)
        .await
        .map(|_| ())
}

/// An endpoint that Stripe has created.
#[derive(Debug, Clone, Copy)]
pub struct MadeEndpoint<'a> {
    /// The id at Stripe.
    pub id: &'a str,
    /// Its signing secret, which Stripe returns only once.
    pub secret: &'a Secret,
}

/// Stores the endpoint created by this attempt. Returns `false` if another attempt has replaced it.
///
/// # Errors
/// Returns an error if the secret cannot be sealed, or if the database query fails.
pub async fn set_endpoint(
    db: &impl ConnectionTrait,
    vault: &Vault,
    asked: &StripeIntegration,
    made: MadeEndpoint<'_>,
    now: DateTime<Utc>,
) -> Result<bool, ConnectError> {
    let merchant = asked.merchant_id;
    let current = super::find(db, merchant).await?;
    let sealed = sealed_with(current.as_ref(), vault, merchant, made.secret, now)?;
    let kept = Entity::update_many()
        .col_expr(Column::EndpointStatus, Expr::value(EndpointStatus::Registered))
        .col_expr(Column::EndpointReason, Expr::value(Option::<String>::None))
        .col_expr(Column::EndpointId, Expr::value(made.id))
        .col_expr(Column::WebhookSecrets, Expr::value(sealed))
        .col_expr(Column::WebhookSecretLastFour, Expr::value(made.secret.last_four()))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::EndpointAttempt.eq(asked.endpoint_attempt))
        .exec(db)
        .await?;
    Ok(kept.rows_affected == 1)
}

/// Records why Stripe refuses the endpoint of this attempt, and what to do.
pub async fn refuse_endpoint(db: &impl ConnectionTrait, asked: &StripeIntegration, reason: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::EndpointStatus, Expr::value(EndpointStatus::Failed))
        .col_expr(Column::EndpointReason, Expr::value(reason))
        .filter(Column::MerchantId.eq(asked.merchant_id))
        .filter(Column::EndpointAttempt.eq(asked.endpoint_attempt))
        .exec(db)
        .await
        .map(|_| ())
}

//! `/v1/stripe-integration`. Keys can be set but never read back.

mod view;

use chrono::{DateTime, Utc};
use domain::Secret;
use entity::{
    AuditAction, Transaction,
    stripe_integration::{self, DropError, StripeIntegration, StripeKeys},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use queue::{CheckStripeKey, EnqueueOptions, EnqueuedJob, RegisterStripeWebhook, enqueue};
use serde::Deserialize;

use self::view::StripeView;
use super::{Group, answers::NoContent};
use crate::http::typed::{LastFour, SigningSecret, StripeKey};
use crate::{
    Api, Problem,
    auth::{Administrator, Principal, Reader},
    http::{fields::Fields, json_body::JsonBody},
    v1::command::{Accepted, Answered},
};

pub(super) struct StripeConnection;

/// The keys of your Stripe account.
#[derive(Deserialize, Object)]
#[oai(rename = "StripeKeys")]
struct StripeInput {
    /// A secret (`sk_…`) or restricted (`rk_…`) key.
    #[oai(write_only)]
    secret_key: StripeKey,
    /// The signing secret (`whsec_…`) of the webhook endpoint. The previous one stays valid for three more days.
    #[oai(write_only)]
    webhook_secret: Option<SigningSecret>,
    /// Whether to register our webhook endpoint at Stripe, so that no secret need be copied by hand.
    register_webhook: Option<bool>,
}

/// A signing secret of a webhook endpoint.
#[derive(Deserialize, Object)]
#[oai(rename = "StripeWebhookSecret")]
struct SecretInput {
    /// The secret (`whsec_…`).
    #[oai(write_only)]
    webhook_secret: SigningSecret,
}

#[OpenApi(tag = "Group::Connections")]
impl StripeConnection {
    /// See the connection to Stripe
    #[oai(path = "/stripe-integration", method = "get")]
    async fn get(&self, api: Data<&Api>, key: Reader) -> Result<Json<StripeView>, Problem> {
        let found = stripe_integration::find(api.db.pool(), key.0.merchant).await?;
        Ok(Json(StripeView::of(&api, found.ok_or_else(Problem::not_found)?)?))
    }

    /// Connect to Stripe
    ///
    /// Returns at once with `checking`. It becomes `connected`, or `failed` with what to change. Without a
    /// `webhook_secret` the existing ones stay.
    #[oai(path = "/stripe-integration", method = "put")]
    async fn put(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<StripeInput>,
    ) -> Result<Answered<StripeView>, Problem> {
        let (secret_key, webhook_secret) = check(&input.0)?;
        let register = input.0.register_webhook.unwrap_or_default();
        api.command(key.0.merchant, None, Vec::new(), |now| {
            let (api, key, secret_key, webhook_secret) = (*api, &key.0, &secret_key, webhook_secret.as_ref());
            async move {
                let merchant = key.merchant;
                let tx = api.db.begin().await?;
                let mut row =
                    stripe_integration::put(&tx, &api.vault, merchant, StripeKeys { secret_key, webhook_secret }, now)
                        .await?;
                tx.done(key.did(AuditAction::StripeConnect, &merchant), now);
                let mut enqueued = Vec::from_iter(
                    enqueue(&tx, &CheckStripeKey { merchant }, EnqueueOptions::for_merchant(merchant), now).await?,
                );
                if register {
                    let (asked, enqueued_job) = ask_for_endpoint(&tx, key, now).await?;
                    row = asked;
                    enqueued.extend(enqueued_job);
                }
                accepted(api, tx, row, enqueued)
            }
        })
        .await
    }

    /// Disconnect from Stripe
    ///
    /// Open links can then neither be closed nor recognised as paid: void them first. The webhook endpoint stays at
    /// Stripe; remove it there.
    #[oai(path = "/stripe-integration", method = "delete")]
    async fn delete(&self, api: Data<&Api>, key: Administrator) -> Result<NoContent, Problem> {
        let (tx, now) = (api.db.begin().await?, api.clock.now());
        stripe_integration::delete(&tx, key.0.merchant, now).await?;
        tx.done(key.0.did(AuditAction::StripeDisconnect, &key.0.merchant), now);
        tx.commit().await?;
        Ok(NoContent::NoContent)
    }

    /// Register the webhook endpoint at Stripe
    ///
    /// Returns at once with `registering`. It becomes `registered`, with a signing secret that is stored here, or
    /// `failed` with what to do. An existing endpoint with the same URL is replaced.
    #[oai(path = "/stripe-integration/webhook-endpoint", method = "post")]
    async fn register(&self, api: Data<&Api>, key: Administrator) -> Result<Answered<StripeView>, Problem> {
        api.command(key.0.merchant, None, Vec::new(), |now| {
            let (api, key) = (*api, &key.0);
            async move {
                let tx = api.db.begin().await?;
                let (row, enqueued_job) = ask_for_endpoint(&tx, key, now).await?;
                accepted(api, tx, row, Vec::from_iter(enqueued_job))
            }
        })
        .await
    }

    /// Add a signing secret
    ///
    /// For a secret that was rolled in Stripe's dashboard. The existing ones stay valid for three more days.
    #[oai(path = "/stripe-integration/webhook-secrets", method = "post")]
    async fn add_secret(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<SecretInput>,
    ) -> Result<Json<StripeView>, Problem> {
        let mut fields = Fields::default();
        let secret = webhook_secret(&mut fields, &input.0.webhook_secret).ok_or_else(|| fields.into_problem())?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let known = stripe_integration::find(&tx, key.0.merchant).await?.ok_or_else(Problem::not_found)?;
        let row = stripe_integration::add_webhook_secret(&tx, &api.vault, &known, &secret, now).await?;
        tx.done(key.0.did(AuditAction::StripeAddWebhookSecret, &key.0.merchant).because(secret.last_four()), now);
        tx.commit().await?;
        Ok(Json(StripeView::of(&api, row)?))
    }

    /// Drop a signing secret
    ///
    /// Webhooks signed with it are refused from now on.
    #[oai(path = "/stripe-integration/webhook-secrets/:last_four", method = "delete")]
    async fn drop_secret(
        &self,
        api: Data<&Api>,
        key: Administrator,
        last_four: Path<LastFour>,
    ) -> Result<Json<StripeView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let known = stripe_integration::find(&tx, key.0.merchant).await?.ok_or_else(Problem::not_found)?;
        let row = stripe_integration::drop_webhook_secret(&tx, &api.vault, &known, &last_four, now).await?;
        tx.done(key.0.did(AuditAction::StripeDropWebhookSecret, &key.0.merchant).because(last_four.to_string()), now);
        tx.commit().await?;
        Ok(Json(StripeView::of(&api, row)?))
    }
}

impl From<DropError> for Problem {
    fn from(error: DropError) -> Self {
        match error {
            DropError::Unknown => Self::not_found(),
            DropError::Last => Self::conflict(
                "last_webhook_secret",
                "It is the only signing secret: without it no webhook could be believed. Add another one first.",
            ),
            DropError::Connect(error) => error.into(),
        }
    }
}

async fn ask_for_endpoint(
    tx: &Transaction,
    key: &Principal,
    now: DateTime<Utc>,
) -> Result<(StripeIntegration, Option<EnqueuedJob>), Problem> {
    let merchant = key.merchant;
    let asked = stripe_integration::request_endpoint(tx, merchant, now).await?.ok_or_else(Problem::not_found)?;
    tx.done(key.did(AuditAction::StripeRegisterWebhook, &merchant), now);
    let once = EnqueueOptions::for_merchant(merchant).unique(format!("endpoint:{merchant}:{}", asked.endpoint_attempt));
    let enqueued_job = enqueue(tx, &RegisterStripeWebhook { merchant }, once, now).await?;
    Ok((asked, enqueued_job))
}

fn accepted(
    api: &Api,
    tx: Transaction,
    row: StripeIntegration,
    enqueued: Vec<EnqueuedJob>,
) -> Result<Accepted<StripeView>, Problem> {
    let location = "/v1/stripe-integration".to_owned();
    Ok(Accepted { tx, location, view: StripeView::of(api, row)?, enqueued })
}

fn check(input: &StripeInput) -> Result<(Secret, Option<Secret>), Problem> {
    let mut fields = Fields::default();
    let secret_key = fields.text("secret_key", &input.secret_key, 255).filter(|key| {
        let known = ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].iter().any(|prefix| key.starts_with(prefix));
        if !known {
            fields.refuse("secret_key", "must be a secret (sk_…) or restricted (rk_…) key; pk_… is the public one");
        }
        known
    });
    let secret = input.webhook_secret.as_deref().map(|secret| webhook_secret(&mut fields, secret));
    match (secret_key, secret) {
        (Some(secret_key), None) => Ok((Secret::new(secret_key), None)),
        (Some(secret_key), Some(Some(secret))) => Ok((Secret::new(secret_key), Some(secret))),
        _ => Err(fields.into_problem()),
    }
}

fn webhook_secret(fields: &mut Fields, text: &str) -> Option<Secret> {
    let secret = fields.text("webhook_secret", text, 255)?;
    if !secret.starts_with("whsec_") || secret.contains(char::is_whitespace) {
        fields.refuse("webhook_secret", "must begin with whsec_ and have no spaces");
        return None;
    }
    Some(Secret::new(secret))
}

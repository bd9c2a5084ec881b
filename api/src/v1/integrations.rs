//! `/v1/stripe-integration` and `/v1/sms-integration`. Keys go in and never come out again.

use chrono::{DateTime, Utc};
use entity::{
    MerchantId, PhoneNumber, Secret, merchant,
    sms_integration::{self, SmsIntegration},
    stripe_integration::{self, StripeIntegration},
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{Object, OpenApi, payload::Json};
use queue::{CheckStripeKey, Promise, promise};
use serde::Deserialize;

use super::{Group, answers::Done};
use crate::{
    Api, Problem,
    auth::{Administrator, Reader},
    command::{Accepted, Answered},
    json_body::JsonBody,
    problem::Fields,
    record::act_of_key,
};

pub(super) struct Integrations;

/// Keys of your Stripe account.
#[derive(Deserialize, Object)]
#[oai(rename = "StripeKeys")]
struct StripeInput {
    /// A secret (`sk_…`) or restricted (`rk_…`) key.
    #[oai(write_only)]
    secret_key: String,
    /// The signing secret (`whsec_…`) of the webhook endpoint.
    #[oai(write_only)]
    webhook_secret: Option<String>,
}

/// The connection to Stripe.
#[derive(Debug, Object)]
#[oai(rename = "StripeIntegration", skip_serializing_if_is_none)]
struct StripeView {
    /// The key's last four characters.
    secret_key_last_four: String,
    webhook_secret_last_four: Option<String>,
    livemode: bool,
    /// `checking`, `connected` or `failed`.
    status: String,
    /// What to change.
    reason: Option<String>,
    /// When Stripe last told us something.
    last_event_at: Option<DateTime<Utc>>,
    /// The URL of the webhook endpoint to set up at Stripe.
    webhook_url: String,
}

impl StripeView {
    fn of(api: &Api, row: StripeIntegration) -> Self {
        Self {
            webhook_url: format!("{}/webhooks/stripe/{}", api.public_url, row.merchant_id),
            secret_key_last_four: row.secret_key_last_four,
            webhook_secret_last_four: row.webhook_secret_last_four,
            livemode: row.livemode,
            status: row.status.to_string(),
            reason: row.reason,
            last_event_at: row.last_event_at,
        }
    }
}

/// An account with a carrier that speaks Twilio's REST.
#[derive(Deserialize, Object)]
#[oai(rename = "SmsKeys")]
struct SmsInput {
    /// The account's id (`AC…`).
    account_sid: String,
    /// Its token.
    #[oai(write_only)]
    auth_token: String,
    /// The number that buyers see, or a messaging service (`MG…`).
    from: String,
}

/// The connection to the carrier.
#[derive(Debug, Object)]
#[oai(rename = "SmsIntegration")]
struct SmsView {
    account_sid: String,
    /// The token's last four characters.
    auth_token_last_four: String,
    from: String,
    /// The URL at which the carrier is to report incoming texts.
    webhook_url: String,
}

impl SmsView {
    fn of(api: &Api, row: SmsIntegration) -> Self {
        Self {
            webhook_url: format!("{}/webhooks/sms/{}", api.public_url, row.merchant_id),
            account_sid: row.account,
            auth_token_last_four: row.auth_token_last_four,
            from: row.sender,
        }
    }
}

#[OpenApi(tag = "Group::Integrations")]
impl Integrations {
    /// See the connection to Stripe
    #[oai(path = "/stripe-integration", method = "get")]
    async fn stripe(&self, api: Data<&Api>, key: Reader) -> Result<Json<StripeView>, Problem> {
        let found = stripe_integration::find(api.db.pool(), key.0.merchant).await?;
        Ok(Json(StripeView::of(&api, found.ok_or_else(Problem::not_found)?)))
    }

    /// Connect to Stripe
    ///
    /// Answers at once with `checking`; it turns `connected`, or `failed` with what to change. Without a `webhook_secret` the
    /// one that is there stays.
    #[oai(path = "/stripe-integration", method = "put")]
    async fn put_stripe(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<StripeInput>,
    ) -> Result<Answered<StripeView>, Problem> {
        let (secret_key, webhook_secret) = check_stripe(&input.0)?;
        let merchant = key.0.merchant;
        api.command(merchant, None, Vec::new(), |now| {
            let (api, key, secret_key, webhook_secret) = (*api, &key.0, &secret_key, webhook_secret.as_ref());
            async move {
                let tx = api.db.begin().await?;
                let row = stripe_integration::put(&tx, &api.vault, merchant, secret_key, webhook_secret, now).await?;
                act_of_key(&tx, key, "stripe.connect", merchant, None, now).await?;
                let ticket = promise(&tx, &CheckStripeKey { merchant }, Promise::of(merchant), now).await?;
                Ok(Accepted {
                    tx,
                    status: StatusCode::ACCEPTED,
                    location: "/v1/stripe-integration".to_owned(),
                    view: StripeView::of(api, row),
                    tickets: ticket.into_iter().collect(),
                })
            }
        })
        .await
    }

    /// Disconnect from Stripe
    ///
    /// Open links can then neither be closed nor be seen to be paid: void them before.
    #[oai(path = "/stripe-integration", method = "delete")]
    async fn delete_stripe(&self, api: Data<&Api>, key: Administrator) -> Result<Done, Problem> {
        let tx = api.db.begin().await?;
        stripe_integration::delete(&tx, key.0.merchant).await?;
        act_of_key(&tx, &key.0, "stripe.disconnect", key.0.merchant, None, api.clock.now()).await?;
        tx.commit().await?;
        Ok(Done::Done)
    }

    /// See the connection to the carrier
    #[oai(path = "/sms-integration", method = "get")]
    async fn sms(&self, api: Data<&Api>, key: Reader) -> Result<Json<SmsView>, Problem> {
        let found = sms_integration::find(api.db.pool(), key.0.merchant).await?;
        Ok(Json(SmsView::of(&api, found.ok_or_else(Problem::not_found)?)))
    }

    /// Connect to a carrier
    #[oai(path = "/sms-integration", method = "put")]
    async fn put_sms(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<SmsInput>,
    ) -> Result<Json<SmsView>, Problem> {
        let (account, auth_token, sender) = check_sms(&api, key.0.merchant, &input.0).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = sms_integration::put(&tx, &api.vault, key.0.merchant, account, &auth_token, sender, now).await?;
        act_of_key(&tx, &key.0, "sms.connect", key.0.merchant, None, now).await?;
        tx.commit().await?;
        Ok(Json(SmsView::of(&api, row)))
    }
}

fn check_stripe(input: &StripeInput) -> Result<(Secret, Option<Secret>), Problem> {
    let mut fields = Fields::default();
    let starts = |text: &str, prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    let secret_key = fields.text("secret_key", &input.secret_key, 255).filter(|key| {
        let known = starts(key, &["sk_test_", "sk_live_", "rk_test_", "rk_live_"]);
        if !known {
            fields.refuse("secret_key", "must be a secret (sk_…) or restricted (rk_…) key; pk_… is the public one");
        }
        known
    });
    let webhook_secret = input.webhook_secret.as_deref().map(|secret| {
        fields.text("webhook_secret", secret, 255).filter(|secret| {
            let known = starts(secret, &["whsec_"]);
            if !known {
                fields.refuse("webhook_secret", "must begin with whsec_");
            }
            known
        })
    });
    match (secret_key, webhook_secret) {
        (Some(secret_key), None) => Ok((Secret::new(secret_key), None)),
        (Some(secret_key), Some(Some(secret))) => Ok((Secret::new(secret_key), Some(Secret::new(secret)))),
        _ => Err(fields.into_problem()),
    }
}

async fn check_sms(api: &Api, merchant: MerchantId, input: &SmsInput) -> Result<(String, Secret, String), Problem> {
    let owner = merchant::get(api.db.pool(), merchant).await?;
    let mut fields = Fields::default();
    let account = fields.text("account_sid", &input.account_sid, 64).filter(|account| {
        let plain = account.chars().all(|character| character.is_ascii_alphanumeric());
        if !plain {
            fields.refuse("account_sid", "must be letters and digits only");
        }
        plain
    });
    let auth_token = fields.text("auth_token", &input.auth_token, 255);
    let sender = if input.from.starts_with("MG") {
        fields.text("from", &input.from, 64)
    } else {
        fields.take("from", PhoneNumber::parse(&input.from, owner.region)).map(|phone| phone.as_e164().to_owned())
    };
    match (account, auth_token, sender) {
        (Some(account), Some(auth_token), Some(sender)) => Ok((account, Secret::new(auth_token), sender)),
        _ => Err(fields.into_problem()),
    }
}

//! `/v1/sms-integration`. Keys go in and never come out again.

use entity::{
    MerchantId, PhoneNumber, Secret, merchant,
    sms_integration::{self, SmsIntegration},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json};
use serde::Deserialize;

use super::Group;
use crate::{
    Api, Problem,
    auth::{Administrator, Reader},
    json_body::JsonBody,
    problem::Fields,
    record::act_of_key,
};

pub(super) struct Integrations;

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

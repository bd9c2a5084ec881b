//! `/v1/sms-integration`: the carrier. Secrets can be set but never read back.

mod gateway;

use domain::{
    MerchantId, PhoneNumber, Secret,
    gateway::{Gateway, Secrets},
    random_secret,
    sms::parse_sender,
};
use entity::{
    AuditAction, Merchant, merchant,
    sms_integration::{self, Account, CarrierKind, NewSmsIntegration, SmsIntegration, SmsStatus},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Header, payload::Json};
use queue::{CheckSmsAccount, EnqueueOptions, enqueue};
use serde::Deserialize;

use self::gateway::GatewayView;
use super::{
    Group,
    answers::NoContent,
    command::{Answered, fingerprint},
    message_view::MessageView,
    send,
};
use crate::http::typed::{LastFour, Text, Url};
use crate::{
    Api, Problem,
    auth::{Administrator, Reader, Writer},
    http::{fields::Fields, json_body::JsonBody},
};

pub(super) struct SmsIntegrations;

/// An account with a carrier: Twilio or a compatible service, or a gateway whose HTTP request you describe.
#[derive(Deserialize, Object)]
#[oai(rename = "SmsKeys")]
struct SmsInput {
    /// Absent: `twilio`.
    carrier: Option<Text<CarrierKind>>,
    /// The account's id (`AC…`). For `twilio`.
    account_sid: Option<String>,
    /// The account's token. For `twilio`.
    #[oai(write_only)]
    auth_token: Option<String>,
    /// The sender of texts. For `twilio` a number, a short code, a name of at most 11 characters or a messaging service
    /// (`MG…`), otherwise whatever the gateway accepts.
    from: String,
    /// Whether the carrier itself answers STOP, START and HELP, so that Paylink does not answer HELP too; absent: yes
    /// for `twilio`, no for `http`.
    answers_keywords: Option<bool>,
    /// The description of the request. For `http`.
    gateway: Option<GatewayView>,
    /// The secrets in the request's templates: `{{secrets.name}}`. For `http`; absent: the existing ones, unless the
    /// gateway's host changes.
    #[oai(write_only)]
    secrets: Option<std::collections::HashMap<String, String>>,
}

/// The connection to the carrier.
#[derive(Debug, Object)]
#[oai(rename = "SmsIntegration", skip_serializing_if_is_none)]
struct SmsView {
    carrier: Text<CarrierKind>,
    /// For `twilio`.
    account_sid: Option<String>,
    /// The token's last four characters. For `twilio`.
    auth_token_last_four: Option<LastFour>,
    from: String,
    /// Whether the carrier itself answers STOP, START and HELP.
    answers_keywords: bool,
    /// `failed`: `reason` says what to change; `unknown`: the carrier cannot be asked or did not answer, so send a test
    /// text.
    status: Text<SmsStatus>,
    /// What to change, or to try.
    reason: Option<String>,
    /// For `http`.
    gateway: Option<GatewayView>,
    /// The names of the stored secrets. For `http`.
    secret_names: Option<Vec<String>>,
    /// The URL where the carrier reports incoming texts. For `http` it contains a key, which is shown only in the
    /// answer to the `PUT` and in `{{report_url}}`.
    webhook_url: Url,
}

impl SmsView {
    fn of(api: &Api, row: SmsIntegration, report_secret: Option<&Secret>) -> Result<Self, Problem> {
        let answers_keywords = row.answers_keywords();
        let (twilio, gateway, names) = match row.carrier {
            CarrierKind::Twilio => (Some((row.account, row.auth_token_last_four)), None, None),
            CarrierKind::Gateway => (None, Some(row.gateway()?), Some(row.secrets(&api.vault)?.into_keys().collect())),
        };
        let (account_sid, auth_token_last_four) = twilio.unzip();
        let key = report_secret.map(|secret| format!("?key={}", secret.expose())).unwrap_or_default();
        Ok(Self {
            webhook_url: format!("{}/webhooks/sms/{}{key}", api.public_url, row.merchant_id).into(),
            carrier: Text(row.carrier),
            account_sid,
            auth_token_last_four: auth_token_last_four.map(Into::into),
            answers_keywords,
            from: row.sender,
            status: Text(row.status.unwrap_or(SmsStatus::Unknown)),
            reason: row.reason,
            gateway: gateway.map(GatewayView::from),
            secret_names: names,
        })
    }
}

#[OpenApi(tag = "Group::Connections")]
impl SmsIntegrations {
    /// See the connection to the carrier
    #[oai(path = "/sms-integration", method = "get")]
    async fn sms(&self, api: Data<&Api>, key: Reader) -> Result<Json<SmsView>, Problem> {
        let found = sms_integration::find(api.db.pool(), key.0.merchant).await?;
        Ok(Json(SmsView::of(&api, found.ok_or_else(Problem::not_found)?, None)?))
    }

    /// Connect to a carrier
    ///
    /// A job checks the account, and `status` shows the result. A described gateway cannot be asked; send a test text.
    #[oai(path = "/sms-integration", method = "put")]
    async fn put_sms(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<SmsInput>,
    ) -> Result<Json<SmsView>, Problem> {
        let keywords_answered = input.0.answers_keywords;
        let account = check(&api, key.0.merchant, input.0).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let new = NewSmsIntegration { account: &account, keywords_answered };
        let row = sms_integration::put(&tx, &api.vault, key.0.merchant, new, now).await?;
        tx.done(key.0.did(AuditAction::SmsConnect, &key.0.merchant).because(row.carrier.to_string()), now);
        let merchant = key.0.merchant;
        let enqueued_job =
            enqueue(&tx, &CheckSmsAccount { merchant }, EnqueueOptions::for_merchant(merchant), now).await?;
        tx.commit().await?;
        api.queue.notify(enqueued_job);
        let shown_once = match &account {
            Account::Twilio { .. } => None,
            Account::Gateway { report_secret, .. } => Some(report_secret),
        };
        Ok(Json(SmsView::of(&api, row, shown_once)?))
    }

    /// Disconnect from the carrier
    ///
    /// Waiting texts are not sent, and cost nothing.
    #[oai(path = "/sms-integration", method = "delete")]
    async fn delete_sms(&self, api: Data<&Api>, key: Administrator) -> Result<NoContent, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        if sms_integration::find(&tx, key.0.merchant).await?.is_none() {
            return Err(Problem::not_found());
        }
        sms_integration::delete(&tx, key.0.merchant).await?;
        tx.done(key.0.did(AuditAction::SmsDisconnect, &key.0.merchant), now);
        tx.commit().await?;
        Ok(NoContent::NoContent)
    }

    /// Send a test text
    ///
    /// To a number of your own. It is sent and charged like any message.
    #[oai(path = "/sms-integration/test", method = "post")]
    async fn test_sms(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<TestText>,
    ) -> Result<Answered<MessageView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let to =
            PhoneNumber::parse(&input.0.to, owner.region).map_err(|error| Problem::field("to", error.to_string()))?;
        let fingerprint = fingerprint("POST sms-integration/test", to.as_e164().as_bytes());
        api.backlogs.check(&api.db, owner.id, &api.quotas).await?;
        let _turn = api.turns.take(owner.id).await?;
        api.command(owner.id, idempotency_key.0, fingerprint, |now| {
            let (api, key, to) = (*api, &key.0, &to);
            async move { send::accept_test(api, key, to, now).await }
        })
        .await
    }
}

/// The recipient of a test text.
#[derive(Debug, Deserialize, Object)]
struct TestText {
    /// A mobile number, preferably with its country code.
    to: String,
}

async fn check(api: &Api, merchant: MerchantId, input: SmsInput) -> Result<Account, Problem> {
    match input.carrier.map_or(CarrierKind::Twilio, Text::value) {
        CarrierKind::Twilio => check_twilio(&merchant::get(api.db.pool(), merchant).await?, &input),
        CarrierKind::Gateway => check_gateway(api, merchant, input).await,
    }
}

fn check_twilio(owner: &Merchant, input: &SmsInput) -> Result<Account, Problem> {
    let mut fields = Fields::default();
    let account = input.account_sid.as_deref().unwrap_or_default();
    let account = fields.text("account_sid", account, 64).filter(|account| {
        let plain = account.chars().all(|character| character.is_ascii_alphanumeric());
        if !plain {
            fields.refuse("account_sid", "must be letters and digits only");
        }
        plain
    });
    let auth_token = fields.text("auth_token", input.auth_token.as_deref().unwrap_or_default(), 255);
    let sender = fields.take("from", parse_sender(&input.from, owner.region));
    for (field, given) in [("gateway", input.gateway.is_some()), ("secrets", input.secrets.is_some())] {
        if given {
            fields.refuse(field, "is for the carrier http");
        }
    }
    match (account, auth_token, sender) {
        (Some(sid), Some(auth_token), Some(sender)) if !fields.any() => {
            Ok(Account::Twilio { sid, auth_token: Secret::new(auth_token), sender })
        }
        (_, _, _) => Err(fields.into_problem()),
    }
}

async fn check_gateway(api: &Api, merchant: MerchantId, input: SmsInput) -> Result<Account, Problem> {
    let mut fields = Fields::default();
    let sender = fields.text("from", &input.from, 64);
    for (field, given) in [("account_sid", input.account_sid.is_some()), ("auth_token", input.auth_token.is_some())] {
        if given {
            fields.refuse(field, "is for the carrier twilio");
        }
    }
    let before =
        sms_integration::find(api.db.pool(), merchant).await?.filter(|row| row.carrier == CarrierKind::Gateway);
    let gateway = input.gateway.map(Gateway::from).ok_or("is needed");
    let gateway = fields.take("gateway", gateway);
    let secrets = match (input.secrets, &before) {
        (Some(given), _) => fields.take("secrets", gateway::secrets(given)),
        (None, Some(before)) => fields.take("secrets", kept_secrets(api, before, gateway.as_ref())?),
        (None, None) => Some(Secrets::new()),
    };
    let (Some(sender), Some(gateway), Some(secrets)) = (sender, gateway, secrets) else {
        return Err(fields.into_problem());
    };
    if let Err(error) = gateway.check(&secrets, api.gateways) {
        fields.refuse(&format!("gateway.{}", error.field), error.why.to_string());
    }
    if fields.any() {
        return Err(fields.into_problem());
    }
    // The secret stays, so that URLs given to a gateway continue to work.
    let report_secret = match before.map(|before| before.report_secret(&api.vault)).transpose()?.flatten() {
        Some(secret) => secret,
        None => random_secret("")?,
    };
    let host = gateway.host().unwrap_or_default();
    Ok(Account::Gateway { host, gateway: Box::new(gateway), secrets, sender, report_secret })
}

/// The stored secrets, unless the host changes: otherwise the author of a description could send secrets that they
/// cannot read to another host.
fn kept_secrets(
    api: &Api,
    before: &SmsIntegration,
    gateway: Option<&Gateway>,
) -> Result<Result<Secrets, &'static str>, Problem> {
    let secrets = before.secrets(&api.vault)?;
    let origin_before = before.gateway()?.origin();
    let stays = gateway.is_none_or(|gateway| gateway.origin() == origin_before);
    Ok(if stays || secrets.is_empty() { Ok(secrets) } else { Err("are needed again: the gateway's host has changed") })
}

//! Twilio's REST API, and compatible services. There are no idempotency keys, so a text that may have been sent is
//! looked up instead of sent again.

use chrono::{DateTime, Utc};
use domain::{Secret, sms::is_messaging_service};
use reqwest::{Client, StatusCode};
use serde::Deserialize;

use super::{AccountCheck, Calling, Carrier, CarrierRefusal, Handover, KnownText, NoAnswer, OutgoingText};
use crate::{metrics::Service, outbound::http};

/// More texts than anyone sends to one number in a day.
const MOST_LISTED: &str = "200";

/// An account at Twilio.
pub(crate) struct Twilio {
    http: Client,
    base: String,
    account: String,
    token: Secret,
    sender: String,
}

const NOT_ACCEPTED: &str = "The carrier does not accept the account or its token. Connect it again in the settings.";

/// The fields of an account.
#[derive(Deserialize)]
struct AccountBody {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Taken {
    sid: String,
}

#[derive(Default, Deserialize)]
struct TwilioErrorBody {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct MessageList {
    messages: Vec<ListedMessage>,
}

#[derive(Deserialize)]
struct ListedMessage {
    sid: String,
    #[serde(default)]
    body: String,
    /// In RFC 2822 format.
    date_created: Option<String>,
}

impl Twilio {
    pub(crate) fn new(http: Client, base: &str, account: String, token: Secret, sender: String) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), account, token, sender }
    }

    fn url(&self) -> String {
        format!("{}/2010-04-01/Accounts/{}/Messages.json", self.base, self.account)
    }

    async fn hand_over(&self, text: OutgoingText<'_>) -> Handover {
        let sender = if is_messaging_service(&self.sender) { "MessagingServiceSid" } else { "From" };
        let form = [("To", text.to), (sender, self.sender.as_str()), ("Body", text.body)];
        let form: Vec<_> = form.into_iter().chain(text.report_to.map(|url| ("StatusCallback", url))).collect();
        let request = self.http.post(self.url()).basic_auth(&self.account, Some(self.token.expose())).form(&form);
        match http::send(Service::Carrier, request).await {
            Ok(response) => read(response).await,
            Err(error) if error.is_connect() || error.is_builder() => Handover::NotSent(error.without_url().into()),
            Err(error) => Handover::broken_off(error),
        }
    }

    async fn ask_about_account(&self) -> Result<AccountCheck, NoAnswer> {
        let url = format!("{}/2010-04-01/Accounts/{}.json", self.base, self.account);
        let request = self.http.get(url).basic_auth(&self.account, Some(self.token.expose()));
        let response = http::send(Service::Carrier, request).await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND {
            return Ok(AccountCheck::Refused(NOT_ACCEPTED.to_owned()));
        }
        if !status.is_success() {
            return Err(NoAnswer::Status(status));
        }
        let account: AccountBody = response.json().await.map_err(reqwest::Error::without_url)?;
        Ok(match account.status.as_deref() {
            Some("suspended" | "closed") => AccountCheck::Refused(
                "The carrier has suspended or closed the account. Ask the carrier why.".to_owned(),
            ),
            Some(_) | None => AccountCheck::Good,
        })
    }

    /// The texts to this number since the day of `since`, newest first.
    async fn look_up(&self, to: &str, since: DateTime<Utc>) -> Result<Vec<KnownText>, reqwest::Error> {
        let day = since.format("%Y-%m-%d").to_string();
        let query = [("To", to), ("DateSent>", day.as_str()), ("PageSize", MOST_LISTED)];
        let request = self.http.get(self.url()).basic_auth(&self.account, Some(self.token.expose())).query(&query);
        let listed: MessageList = http::send(Service::Carrier, request)
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(reqwest::Error::without_url)?
            .json()
            .await
            .map_err(reqwest::Error::without_url)?;
        Ok(listed.messages.into_iter().map(KnownText::from).collect())
    }
}

impl Carrier for Twilio {
    fn send<'a>(&'a self, text: OutgoingText<'a>) -> Calling<'a, Handover> {
        Box::pin(self.hand_over(text))
    }

    fn sent_to<'a>(&'a self, to: &'a str, since: DateTime<Utc>) -> Calling<'a, Result<Vec<KnownText>, reqwest::Error>> {
        Box::pin(self.look_up(to, since))
    }

    fn check_account(&self) -> Calling<'_, AccountCheck> {
        Box::pin(async { self.ask_about_account().await.unwrap_or_else(AccountCheck::NoAnswer) })
    }
}

impl From<ListedMessage> for KnownText {
    fn from(message: ListedMessage) -> Self {
        let taken_at = message.date_created.as_deref().and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Self { id: message.sid, body: message.body, taken_at: taken_at.map(|date| date.to_utc()) }
    }
}

async fn read(response: reqwest::Response) -> Handover {
    let (status, after) = (response.status(), http::retry_after(&response));
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(error) => return Handover::broken_off(error),
    };
    if status.is_success() {
        return match serde_json::from_slice::<Taken>(&body) {
            Ok(taken) => Handover::Accepted { id: Some(taken.sid) },
            Err(error) => Handover::Unknown { why: error.to_string(), is_down: false },
        };
    }
    let error: TwilioErrorBody = serde_json::from_slice(&body).unwrap_or_default();
    if status == StatusCode::TOO_MANY_REQUESTS || error.code == 20_429 {
        return Handover::Busy { after };
    }
    if status.is_client_error() {
        return Handover::Refused(refusal(&error));
    }
    Handover::Unknown { why: format!("the carrier answered {status}"), is_down: status.is_server_error() }
}

/// Converts the carrier's error code to a reason for the merchant.
fn refusal(error: &TwilioErrorBody) -> CarrierRefusal {
    let reason = match error.code {
        20_003 => NOT_ACCEPTED,
        21_211 => "The carrier says that this is not a phone number.",
        21_408 => "The carrier account may not send to this region.",
        21_606 => "The carrier account may not send from this sender.",
        21_608 => "A trial account of the carrier only sends to numbers that it has verified.",
        21_610 => "The buyer has asked to get no more texts.",
        21_614 => "This is not a mobile number.",
        21_635 => "This is a landline.",
        _ => {
            let reason = format!("The carrier refused: {} ({})", error.message, error.code);
            return CarrierRefusal { reason, code: Some(error.code), opted_out: false };
        }
    };
    CarrierRefusal { reason: reason.to_owned(), code: Some(error.code), opted_out: error.code == 21_610 }
}

impl std::fmt::Debug for Twilio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Twilio").field("base", &self.base).finish_non_exhaustive()
    }
}

//! The stand-in SMS carrier with Twilio's message API, and a gateway with plain JSON.

pub(crate) mod errors;
pub(crate) mod gateway;
pub(crate) mod incoming;
pub(crate) mod lookup;
pub(crate) mod media;
mod message_view;
pub(crate) mod messages;
pub(crate) mod pages;
pub(crate) mod reports;
pub(crate) mod rules;
pub(crate) mod segments;

use base64::{Engine, prelude::BASE64_STANDARD};
use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    exchange::IncomingRequest,
    failure::Failure,
    form::Params,
    model::state::{Config, Txn},
    options::SmsAccount,
};

use self::errors::SmsError;

/// The API version at the start of every path.
pub(crate) const API_VERSION: &str = "2010-04-01";

/// Answers an API request. A [`Failure`] replaces the response, before or after the effect.
pub(crate) fn answer(txn: &mut Txn<'_>, incoming: &IncomingRequest, failure: Option<Failure>) -> Answer {
    match failure {
        Some(failure) if !failure.after_effect => failure.answer,
        Some(failure) => {
            run(txn, incoming);
            failure.answer
        }
        None => run(txn, incoming),
    }
}

fn run(txn: &mut Txn<'_>, incoming: &IncomingRequest) -> Answer {
    if incoming.logged.path == gateway::PATH && incoming.logged.method == "POST" {
        return gateway::answer(txn, incoming);
    }
    let result = authenticate(txn.config, incoming).and_then(|account| route(txn, incoming, account));
    match result {
        Ok((status, body)) => Answer::json(status, &body),
        Err(error) => error.answer(),
    }
}

fn route(txn: &mut Txn<'_>, incoming: &IncomingRequest, account: &SmsAccount) -> Result<(StatusCode, Value), SmsError> {
    let logged = &incoming.logged;
    let segments: Vec<&str> = logged.path.split('/').skip(1).collect();
    let not_found = || SmsError::not_found(&logged.path);
    if let ("GET", [API_VERSION, "Accounts", file]) = (logged.method.as_str(), segments.as_slice()) {
        let is_its = file.strip_suffix(".json") == Some(account.sid.as_str());
        let view = json!({ "sid": account.sid, "friendly_name": "Sandbox", "status": "active", "type": "Full" });
        return if is_its { Ok((StatusCode::OK, view)) } else { Err(SmsError::authenticate()) };
    }
    let [API_VERSION, "Accounts", sid, rest @ ..] = segments.as_slice() else {
        return Err(not_found());
    };
    if *sid != account.sid {
        return Err(SmsError::authenticate());
    }
    match (logged.method.as_str(), rest) {
        ("POST", ["Messages.json"]) => {
            let params = form(incoming)?;
            messages::create(txn, account, params).map(|view| (StatusCode::CREATED, view))
        }
        ("GET", ["Messages.json"]) => {
            let params = Params::parse(logged.query.as_deref().unwrap_or_default())?;
            lookup::list(txn, account, params).map(|view| (StatusCode::OK, view))
        }
        ("GET", ["Messages", file]) => {
            let message = file.strip_suffix(".json").and_then(|sid| txn.tables.messages.get(sid));
            message.map(|message| (StatusCode::OK, message.view())).ok_or_else(not_found)
        }
        _ => Err(not_found()),
    }
}

fn form(incoming: &IncomingRequest) -> Result<Params, SmsError> {
    let content_type = incoming.header("content-type").unwrap_or_default();
    if content_type.split(';').next() != Some("application/x-www-form-urlencoded") {
        return Err(SmsError::invalid_parameter("the Content-Type must be application/x-www-form-urlencoded"));
    }
    Ok(Params::parse(&incoming.logged.body)?)
}

/// The account, if the request has its sid and token.
fn authenticate<'a>(config: &'a Config, incoming: &IncomingRequest) -> Result<&'a SmsAccount, SmsError> {
    let pair = incoming.authorization.as_deref().and_then(basic).ok_or_else(SmsError::authenticate)?;
    let account = config.sms_account.as_ref();
    account
        .filter(|account| pair == format!("{}:{}", account.sid, account.auth_token))
        .ok_or_else(SmsError::authenticate)
}

fn basic(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(rest.trim()).ok())??;
    String::from_utf8(decoded).ok()
}

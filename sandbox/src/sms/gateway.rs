//! A second carrier that differs from Twilio: `POST /sms/gateway/messages` with JSON and a bearer token, as at many
//! gateways. Its texts go to the same outbox; its reports and buyers' texts are JSON.
//!
//! `{"to", "from", "text", "callback"?, "reference"?}` → 202 `{"message": {"id", "state": "queued"}}`, or `{"error":
//! {"code", "detail"}}` with 401 `unauthorized`, 422 `invalid_recipient`, `opted_out`, `invalid_request`. A report is
//! `{"id", "state": "sent"|"delivered"|"undelivered"|…, "error"?}`, a buyer's text `{"id", "msisdn", "text"}`.

use poem::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    exchange::IncomingRequest,
    ids,
    model::{
        message::{Message, Status, TextDirection},
        state::Txn,
    },
    options::SmsAccount,
};

use super::{reports, rules};

/// The path of its only call.
pub(crate) const PATH: &str = "/gateway/messages";

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayRequest {
    to: String,
    from: String,
    text: String,
    callback: Option<String>,
    #[expect(dead_code, reason = "taken, as many gateways do, and not looked at")]
    reference: Option<String>,
}

/// Queues a text. There is no idempotency key, so a repeated request sends a second text.
pub(crate) fn answer(txn: &mut Txn<'_>, incoming: &IncomingRequest) -> Answer {
    match create(txn, incoming) {
        Ok(view) => Answer::json(StatusCode::ACCEPTED, &view),
        Err((status, code, detail)) => Answer::json(status, &json!({"error": {"code": code, "detail": detail}})),
    }
}

type Refusal = (StatusCode, &'static str, String);

fn create(txn: &mut Txn<'_>, incoming: &IncomingRequest) -> Result<Value, Refusal> {
    let unauthorized = || (StatusCode::UNAUTHORIZED, "unauthorized", "a bearer token is needed".to_owned());
    let account = txn.config.sms_account.as_ref().ok_or_else(unauthorized)?;
    if incoming.authorization.as_deref() != Some(&format!("Bearer {}", account.auth_token)) {
        return Err(unauthorized());
    }
    let invalid = |detail: String| (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
    let order: GatewayRequest =
        serde_json::from_str(&incoming.logged.body).map_err(|error| invalid(error.to_string()))?;
    if order.text.is_empty() || order.from.is_empty() {
        return Err(invalid("from and text are needed".to_owned()));
    }
    rules::check_body(&order.text).map_err(|error| invalid(error.to_string()))?;
    rules::check_callback(order.callback.as_deref()).map_err(|error| invalid(error.to_string()))?;
    rules::check_recipient(txn, account, &order.to).map_err(|error| {
        let code = if error.code() == 21_610 { "opted_out" } else { "invalid_recipient" };
        (StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string())
    })?;
    let message = message(txn, account, order);
    let view = json!({"message": {"id": message.sid, "state": message.status.name()}});
    reports::begin(txn, message);
    Ok(view)
}

fn message(txn: &Txn<'_>, account: &SmsAccount, order: GatewayRequest) -> Message {
    Message {
        sid: ids::twilio("GW"),
        account: account.sid.clone(),
        direction: TextDirection::Outbound,
        from: order.from,
        to: order.to,
        messaging_service: None,
        body: order.text,
        status: Status::Queued,
        error_code: None,
        callback: order.callback,
        created_at: txn.now,
        sent_at: None,
        updated_at: txn.now,
        next_step_at: None,
        by_gateway: true,
    }
}

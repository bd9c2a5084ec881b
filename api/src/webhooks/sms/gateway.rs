//! Webhooks of a gateway: JSON or a form, at a URL that contains a key, and signed if the description says
//! so.

use domain::{
    Secret,
    gateway::{Gateway, Secrets, Signature},
    sha256,
    sms_event::{INCOMING, REPORT, SmsEvent},
};
use encoding_rs::Encoding;
use serde_json::Value;

use super::{Callback, SmsWebhook, charset, same};
use crate::{Problem, webhooks::bad_signature};

/// The most events read from one call; gateways send a hundred.
const MOST_AT_ONCE: usize = 200;

/// Checks the key and the signature, and parses the body as described.
pub(super) fn read(
    gateway: &Gateway,
    key: &Secret,
    secrets: &Secrets,
    callback: &Callback<'_>,
) -> Result<Vec<SmsWebhook>, Problem> {
    let knows_the_url = callback.query.key.as_ref().is_some_and(|given| same(given, key));
    // The signature of an empty body is constant, so anyone who has seen one call could repeat it.
    let is_signed = |how: &Signature| {
        !callback.body.is_empty() && how.verify(secrets, callback.header(&how.header), &callback.body)
    };
    if !knows_the_url || !gateway.signature.as_ref().is_none_or(is_signed) {
        return Err(bad_signature());
    }
    let events = gateway.events(&body(callback)?, callback.query.message);
    if events.is_empty() {
        return Err(Problem::malformed("It is neither a report nor a text, as the gateway is described."));
    }
    if events.len() > MOST_AT_ONCE {
        return Err(Problem::malformed(format!("It is more than {MOST_AT_ONCE} reports or texts at once.")));
    }
    events.into_iter().map(said).collect()
}

/// An event is identified by its meaning, not its form: a repeated call may have another time or counter. Gateways
/// number their texts but rarely their reports, so equal reports about a message are the same report.
fn said(event: SmsEvent) -> Result<SmsWebhook, Problem> {
    let (kind, words) = match &event {
        SmsEvent::Report { .. } => (REPORT, serde_json::to_vec(&event)),
        SmsEvent::Text { carrier_id, from, .. } => (INCOMING, serde_json::to_vec(&(carrier_id, from))),
    };
    let words = words.map_err(Problem::internal)?;
    let digest: String = sha256(&words).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(SmsWebhook { event, kind: kind.to_owned(), external_id: format!("{kind}:{digest}") })
}

/// The body as JSON. A form, or the query of a call without a body, becomes an object of strings.
fn body(callback: &Callback<'_>) -> Result<Value, Problem> {
    if callback.body.is_empty() {
        return Ok(form(callback.url.split_once('?').map_or("", |(_, query)| query).as_bytes(), None));
    }
    let charset = charset::named(callback.content_type);
    if callback.content_type.starts_with("application/x-www-form-urlencoded") {
        return Ok(form(&callback.body, charset));
    }
    let text = charset::text(&callback.body, charset);
    serde_json::from_str(&text).map_err(|_| Problem::malformed("The body is neither JSON nor a form."))
}

fn form(bytes: &[u8], charset: Option<&'static Encoding>) -> Value {
    let pairs = charset::form(bytes, charset).into_iter().map(|(name, value)| (name, value.into()));
    Value::Object(pairs.collect())
}

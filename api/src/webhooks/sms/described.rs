//! What a described gateway tells us: JSON or a form, at a URL with a key in it, and signed if it is described so.

use entity::{
    Secret,
    gateway::{Gateway, Secrets, Signature},
    sha256,
    sms_event::SmsEvent,
};
use serde_json::{Map, Value};

use super::{Said, Told, same, unsigned};
use crate::Problem;

/// Checks the key and the signature, and reads what the gateway's description says how to.
pub(super) fn read(gateway: &Gateway, key: &Secret, secrets: &Secrets, told: &Told<'_>) -> Result<Said, Problem> {
    let knows_the_url = told.query.key.as_ref().is_some_and(|given| same(given, key));
    let is_signed = |how: &Signature| how.verify(secrets, told.header(&how.header), &told.body);
    if !knows_the_url || !gateway.signature.as_ref().is_none_or(is_signed) {
        return Err(unsigned());
    }
    let event = gateway
        .event(&body(told)?, told.query.message)
        .ok_or_else(|| Problem::malformed("It is neither a report nor a text, as the gateway is described."))?;
    let kind = match &event {
        SmsEvent::Report { .. } => "report",
        SmsEvent::Text { .. } => "incoming",
    };
    // Gateways number their texts, and few their reports: the same words about the same message are the same report.
    let said = [told.url.as_bytes(), told.body.as_slice()].concat();
    let digest: String = sha256(&said).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Said { event, kind: kind.to_owned(), external_id: format!("{kind}:{digest}") })
}

/// The body as JSON; a form is an object of texts.
fn body(told: &Told<'_>) -> Result<Value, Problem> {
    if told.content_type.starts_with("application/x-www-form-urlencoded") {
        let form: Vec<(String, String)> =
            serde_urlencoded::from_bytes(&told.body).map_err(|_| Problem::malformed("The body is not a form."))?;
        let object: Map<String, Value> = form.into_iter().map(|(name, value)| (name, value.into())).collect();
        return Ok(object.into());
    }
    serde_json::from_slice(&told.body).map_err(|_| Problem::malformed("The body is neither JSON nor a form."))
}

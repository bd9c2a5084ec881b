//! Delivery reports to the sender of a text.

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::hmac;
use serde_json::json;

use crate::{
    delivery, form,
    model::{
        delivery::Content,
        message::{Message, Status, TextDirection},
        service::Service,
        state::Txn,
        tables::RowChange,
    },
    options::SmsAccount,
    parcel::Parcel,
};

use super::API_VERSION;

/// Starts the life of an accepted text: it is reported as queued and moves on automatically, unless that is disabled.
pub(crate) fn begin(txn: &mut Txn<'_>, message: Message) {
    let mut settings = txn.tables.settings.clone();
    if message.callback.is_some() && settings.last_callback != message.callback {
        settings.last_callback.clone_from(&message.callback);
        txn.put(RowChange::Settings(settings.clone()));
    }
    let next_step_at = settings.reports.automatic.then(|| txn.now + settings.reports.step());
    let message = Message { next_step_at, ..message };
    if settings.reports.automatic {
        tell(txn, &message, message.status, None);
    }
    txn.put(RowChange::Message(message));
}

/// Moves a text one step on: queued, sent, delivered.
pub(crate) fn step(txn: &mut Txn<'_>, sid: &str) {
    let Some(message) = txn.tables.messages.get(sid).cloned() else {
        return;
    };
    let Some(status) = message.status.next() else {
        return;
    };
    let next_step_at = status.next().map(|_| txn.now + txn.tables.settings.reports.step());
    let message = Message { next_step_at, ..message.reached(status, None, txn.now) };
    tell(txn, &message, status, None);
    txn.put(RowChange::Message(message));
}

/// The carrier reports `status`, in any order; from now on the text no longer moves automatically. Returns whether a
/// report was queued, or `None` if there is no such text.
pub(crate) fn report(txn: &mut Txn<'_>, sid: &str, status: Status, error_code: Option<u32>) -> Option<bool> {
    let message = txn.tables.messages.get(sid).filter(|message| message.direction == TextDirection::Outbound)?;
    let message = message.clone().reached(status, error_code, txn.now);
    let told = tell(txn, &message, status, error_code);
    txn.put(RowChange::Message(message));
    Some(told)
}

/// Queues a report if the text has a callback.
fn tell(txn: &mut Txn<'_>, message: &Message, status: Status, error_code: Option<u32>) -> bool {
    let Some(url) = &message.callback else {
        return false;
    };
    if message.by_gateway {
        let report = json!({"id": message.sid, "state": status.name(), "error": error_code});
        delivery::enqueue(txn, Service::Sms, url, &Content::Json(report.to_string()));
        return true;
    }
    let mut pairs = common(message);
    pairs.push(("MessageStatus".to_owned(), status.name().to_owned()));
    pairs.push(("SmsStatus".to_owned(), status.name().to_owned()));
    if let Some(service) = &message.messaging_service {
        pairs.push(("MessagingServiceSid".to_owned(), service.clone()));
    }
    if let Some(code) = error_code {
        pairs.push(("ErrorCode".to_owned(), code.to_string()));
    }
    delivery::enqueue(txn, Service::Sms, url, &Content::Form(pairs));
    true
}

/// The first fields of every form about a text.
pub(crate) fn common(message: &Message) -> Vec<(String, String)> {
    let fields = [
        ("MessageSid", message.sid.as_str()),
        ("SmsSid", &message.sid),
        ("AccountSid", &message.account),
        ("From", &message.from),
        ("To", &message.to),
        ("ApiVersion", API_VERSION),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// The signed request with a report or a text.
pub(crate) fn parcel(account: &SmsAccount, url: &str, pairs: &[(String, String)]) -> Parcel {
    Parcel {
        url: url.to_owned(),
        content_type: "application/x-www-form-urlencoded",
        signature: Some(("X-Twilio-Signature", signature(&account.auth_token, url, pairs))),
        body: form::encode(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
    }
}

/// Base64 of the HMAC-SHA1, with the account's token, of the full URL followed by each name and value, sorted by name.
fn signature(token: &str, url: &str, pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort();
    let signed = sorted.into_iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in Twilio's security documentation.
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let pairs = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(signature("12345", url, &pairs), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }
}

//! Texts from buyers.

use serde_json::json;

use crate::{
    delivery, ids,
    model::{
        delivery::Content,
        message::{Message, Status, TextDirection},
        service::Service,
        state::Txn,
        tables::RowChange,
    },
    options::SmsAccount,
};

use super::{media, reports, segments};

/// Keywords for opting out and in. Case and surrounding space do not matter.
const OUT: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"];
const IN: [&str; 3] = ["START", "YES", "UNSTOP"];

/// Why a buyer's text does not reach the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IncomingError {
    /// There is no SMS account.
    #[error("the sandbox was started without an SMS account")]
    NoAccount,
    /// The number is not the account's.
    #[error("that number is not the account's")]
    NotOurs,
    /// There is no such file.
    #[error("media are picture, elsewhere, large and page")]
    NoSuchMedia,
    /// No URL was set, and no text was sent with a status callback yet.
    #[error("it is not known where incoming texts go: set it with POST /_control/sms/webhook")]
    NoAddress,
}

/// A buyer sends a text. STOP and similar keywords also opt the number out, START and similar ones back in. Returns the
/// text's sid.
pub(crate) fn receive(
    txn: &mut Txn<'_>,
    from: &str,
    to: Option<&str>,
    body: &str,
    files: &[String],
) -> Result<String, IncomingError> {
    if !files.iter().all(|file| media::NAMES.contains(&file.as_str())) {
        return Err(IncomingError::NoSuchMedia);
    }
    let account = txn.config.sms_account.as_ref().ok_or(IncomingError::NoAccount)?;
    if to.is_some_and(|to| to != account.number) {
        return Err(IncomingError::NotOurs);
    }
    let settings = &txn.tables.settings;
    let url = settings.incoming_url.clone().or_else(|| settings.last_callback.clone());
    let url = url.ok_or(IncomingError::NoAddress)?;
    opt(txn, from, body);
    let message = message(txn, account, from, body);
    // It comes through the carrier that sent the last text to this buyer.
    let is_to_buyer = |sent: &&Message| sent.direction == TextDirection::Outbound && sent.to == from;
    if txn.tables.messages.iter().rev().find(is_to_buyer).is_some_and(|sent| sent.by_gateway) {
        let text = json!({"id": message.sid, "msisdn": from.trim_start_matches('+'), "text": body});
        delivery::enqueue(txn, Service::Sms, &url, &Content::Json(text.to_string()));
        let sid = message.sid.clone();
        txn.put(RowChange::Message(message));
        return Ok(sid);
    }
    let mut pairs = reports::common(&message);
    let segments = segments::count(body).to_string();
    let count = files.len().to_string();
    let fields = [("Body", body), ("SmsStatus", "received"), ("NumMedia", &count), ("NumSegments", &segments)];
    pairs.extend(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for (at, file) in files.iter().enumerate() {
        let url = media::url(&txn.config.base, &account.sid, &message.sid, file);
        pairs.push((format!("MediaUrl{at}"), url));
        pairs.push((format!("MediaContentType{at}"), media::content_type(file).to_owned()));
    }
    delivery::enqueue(txn, Service::Sms, &url, &Content::Form(pairs));
    let sid = message.sid.clone();
    txn.put(RowChange::Message(message));
    Ok(sid)
}

/// Opts the number out or in if the text is a keyword.
fn opt(txn: &mut Txn<'_>, number: &str, body: &str) {
    let word = body.trim().to_uppercase();
    let out = OUT.contains(&word.as_str());
    if out || IN.contains(&word.as_str()) {
        txn.put(RowChange::OptOut { number: number.to_owned(), out });
    }
}

fn message(txn: &Txn<'_>, account: &SmsAccount, from: &str, body: &str) -> Message {
    Message {
        sid: ids::twilio("SM"),
        account: account.sid.clone(),
        direction: TextDirection::Inbound,
        from: from.to_owned(),
        to: account.number.clone(),
        messaging_service: None,
        body: body.to_owned(),
        status: Status::Received,
        error_code: None,
        callback: None,
        created_at: txn.now,
        sent_at: Some(txn.now),
        updated_at: txn.now,
        next_step_at: None,
        by_gateway: false,
    }
}

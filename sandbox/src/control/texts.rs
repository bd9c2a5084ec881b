//! Texts: sent ones, those from buyers, and delivery reports.

use std::sync::Arc;

use poem::{
    handler,
    web::{Data, Json},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    model::{
        message::{Message, Status, TextDirection},
        settings::ReportSettings,
        state::Shared,
        tables::RowChange,
    },
    sms::{incoming::receive, reports, rules::is_e164},
};

use super::ControlError;

/// The sent texts, oldest first, in the form of the carrier's API.
#[handler]
pub(crate) fn outbox(Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    shared.read(|tables| {
        let sent = tables.messages.iter().filter(|message| message.direction == TextDirection::Outbound);
        let items: Vec<Value> = sent.map(Message::view).collect();
        Json(json!({ "items": items }))
    })
}

/// A text from a buyer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming {
    from: String,
    /// The account's number; optional.
    to: Option<String>,
    body: String,
    /// Attached files by name; see [`crate::sms::media`].
    #[serde(default)]
    media: Vec<String>,
}

/// A buyer sends a text.
#[handler]
pub(crate) fn incoming(
    Json(text): Json<Incoming>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    if !is_e164(&text.from) {
        return Err(ControlError::Invalid("from is not a phone number in E.164"));
    }
    let sid = shared.write(|txn| receive(txn, &text.from, text.to.as_deref(), &text.body, &text.media))?;
    Ok(Json(json!({ "sid": sid })))
}

/// A delivery report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    sid: String,
    status: Status,
    error_code: Option<u32>,
}

/// The carrier sends a report, in any order.
#[handler]
pub(crate) fn report(
    Json(report): Json<Report>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    if report.status == Status::Received {
        return Err(ControlError::Invalid("a text that was sent cannot be received"));
    }
    let told = shared.write(|txn| reports::report(txn, &report.sid, report.status, report.error_code));
    let told = told.ok_or(ControlError::NotFound("text that was sent"))?;
    Ok(Json(json!({ "reported": told })))
}

/// Sets whether and how fast the carrier reports automatically.
#[handler]
pub(crate) fn automatic(Json(reports): Json<ReportSettings>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    shared.write(|txn| {
        let mut settings = txn.tables.settings.clone();
        settings.reports = reports;
        txn.put(RowChange::Settings(settings));
    });
    Json(json!(reports))
}

/// Where incoming texts go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    /// The URL; the last status callback if omitted or null.
    url: Option<String>,
}

/// Sets where incoming texts go.
#[handler]
pub(crate) fn webhook(Json(webhook): Json<Webhook>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    let answer = json!({ "url": webhook.url });
    shared.write(|txn| {
        let mut settings = txn.tables.settings.clone();
        settings.incoming_url = webhook.url;
        txn.put(RowChange::Settings(settings));
    });
    Json(answer)
}

//! A described gateway as it is written and read back.

use std::collections::HashMap;

use crate::http::typed::Text;
use domain::{
    Secret,
    gateway::{Gateway, IncomingTexts, Marker, Method, Reports, Secrets, Signature, SignatureEncoding},
};
use poem_openapi::Object;
use serde::Deserialize;

/// A gateway's HTTP request, and how its answers and reports are read.
///
/// `url`, `headers` and `body` are handlebars with plain variables, escaped for where they stand: `{{to}}`, `{{from}}`,
/// `{{text}}`, `{{message_id}}`, `{{report_url}}` and `{{secrets.name}}`. Pointers are JSON pointers such as
/// `/message/id`. Codes are compared with what is at `code` and with the HTTP status.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Gateway", skip_serializing_if_is_none)]
pub(super) struct GatewayView {
    /// `https://…`; the host without variables.
    url: String,
    /// Absent: `POST`.
    method: Option<Text<Method>>,
    /// Without `{{text}}`; among them the body's `Content-Type`.
    #[oai(default)]
    #[serde(default)]
    headers: HashMap<String, String>,
    body: Option<String>,
    /// Where the gateway's id of the text is in its answer; absent: it gives none.
    id: Option<String>,
    /// Where a code is in its answer.
    code: Option<String>,
    /// The text was taken; compared with the code, or with the HTTP status of an answer without one. If any is named,
    /// another code is a refusal even with 200.
    #[oai(default)]
    #[serde(default)]
    success_codes: Vec<String>,
    /// The text is refused for good.
    #[oai(default)]
    #[serde(default)]
    final_codes: Vec<String>,
    /// The text was certainly not taken, and is handed over again later.
    #[oai(default)]
    #[serde(default)]
    retryable_codes: Vec<String>,
    /// The buyer wants no more texts.
    #[oai(default)]
    #[serde(default)]
    opted_out_codes: Vec<String>,
    reports: Option<ReportsView>,
    incoming: Option<IncomingView>,
    /// Where a list is of several reports or texts at once, such as `/results`; a list that is the whole body is read
    /// without.
    batch: Option<String>,
    signature: Option<SignatureView>,
}

/// How a gateway's delivery reports are read: JSON, or a form, which is read as an object of texts.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewayReports", skip_serializing_if_is_none)]
struct ReportsView {
    /// Where the gateway's id of the text is; absent: `{{report_url}}` says which text it is about.
    id: Option<String>,
    /// Where the status is.
    status: String,
    /// Statuses of a text that reached the phone.
    delivered: Vec<String>,
    /// Statuses of one that could not.
    undelivered: Vec<String>,
    /// Where it says why.
    reason: Option<String>,
}

/// How a gateway passes on buyers' texts.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewayTexts", skip_serializing_if_is_none)]
struct IncomingView {
    id: String,
    from: String,
    text: String,
    marker: Option<MarkerView>,
}

/// A value that texts have and reports have not, for gateways that write both alike.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewayMarker")]
struct MarkerView {
    /// Where it is, such as `/data/event_type`.
    at: String,
    /// What it is for a text, such as `message.received`.
    is: Vec<String>,
}

/// How a gateway signs its reports and buyers' texts: an HMAC-SHA256 of the body in a header, with or without `sha256=`
/// before it. What is not signed so is refused. The key in the URL is needed all the same.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewaySignature")]
struct SignatureView {
    /// The header, such as `X-Signature`.
    header: String,
    encoding: Text<SignatureEncoding>,
    /// The name, among `secrets`, of the key.
    secret: String,
}

impl From<GatewayView> for Gateway {
    fn from(view: GatewayView) -> Self {
        Self {
            url: view.url,
            method: view.method.map_or(Method::Post, Text::value),
            headers: view.headers.into_iter().collect(),
            body: view.body,
            id: view.id,
            code: view.code,
            success_codes: view.success_codes,
            final_codes: view.final_codes,
            retryable_codes: view.retryable_codes,
            opted_out_codes: view.opted_out_codes,
            reports: view.reports.map(|it| Reports {
                id: it.id,
                status: it.status,
                delivered: it.delivered,
                undelivered: it.undelivered,
                reason: it.reason,
            }),
            incoming: view.incoming.map(|it| IncomingTexts {
                id: it.id,
                from: it.from,
                text: it.text,
                marker: it.marker.map(|marker| Marker { at: marker.at, is: marker.is }),
            }),
            batch: view.batch,
            signature: view.signature.map(Signature::from),
        }
    }
}

impl From<Gateway> for GatewayView {
    fn from(gateway: Gateway) -> Self {
        Self {
            url: gateway.url,
            method: Some(Text(gateway.method)),
            headers: gateway.headers.into_iter().collect(),
            body: gateway.body,
            id: gateway.id,
            code: gateway.code,
            success_codes: gateway.success_codes,
            final_codes: gateway.final_codes,
            retryable_codes: gateway.retryable_codes,
            opted_out_codes: gateway.opted_out_codes,
            reports: gateway.reports.map(|it| ReportsView {
                id: it.id,
                status: it.status,
                delivered: it.delivered,
                undelivered: it.undelivered,
                reason: it.reason,
            }),
            incoming: gateway.incoming.map(|it| IncomingView {
                id: it.id,
                from: it.from,
                text: it.text,
                marker: it.marker.map(|marker| MarkerView { at: marker.at, is: marker.is }),
            }),
            batch: gateway.batch,
            signature: gateway.signature.map(|it| SignatureView {
                header: it.header,
                encoding: Text(it.encoding),
                secret: it.secret,
            }),
        }
    }
}

impl From<SignatureView> for Signature {
    fn from(view: SignatureView) -> Self {
        Self { header: view.header, encoding: view.encoding.value(), secret: view.secret }
    }
}

/// The most secrets, and the longest.
const MOST: usize = 10;
const LONGEST: usize = 1_000;

/// Secrets by name: each one line of ASCII, so that it can stand in a header.
pub(super) fn secrets(given: HashMap<String, String>) -> Result<Secrets, String> {
    if given.len() > MOST {
        return Err(format!("must not be more than {MOST}"));
    }
    let is_name = |name: &str| {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !name.is_empty() && name.len() <= 40 && name.bytes().all(word)
    };
    for (name, secret) in &given {
        if !is_name(name) {
            return Err("must be named with letters, digits and _".to_owned());
        }
        if secret.is_empty() || secret.len() > LONGEST || !secret.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(format!("{name} must be one line of 1 to {LONGEST} ASCII characters"));
        }
    }
    Ok(given.into_iter().map(|(name, secret)| (name, Secret::new(secret))).collect())
}

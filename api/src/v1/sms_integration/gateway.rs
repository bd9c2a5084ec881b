//! The description of a gateway as it is written and read back.

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
/// `url`, `headers` and `body` are handlebars with plain variables, escaped for their context: `{{to}}`, `{{from}}`,
/// `{{text}}`, `{{message_id}}`, `{{report_url}}` and `{{secrets.name}}`. Pointers are JSON pointers such as
/// `/message/id`. Codes are compared with the value at `code` and with the HTTP status.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "Gateway", skip_serializing_if_is_none)]
pub(super) struct GatewayView {
    /// `https://…`; the host must not contain variables.
    url: String,
    /// Absent: `POST`.
    method: Option<Text<Method>>,
    /// Must not contain `{{text}}`; includes the body's `Content-Type`.
    #[oai(default)]
    #[serde(default)]
    headers: HashMap<String, String>,
    body: Option<String>,
    /// Pointer to the gateway's id of the text in its answer; absent: it gives none.
    id: Option<String>,
    /// Pointer to a code in its answer.
    code: Option<String>,
    /// Codes of an accepted text, compared with the code, or with the HTTP status of an answer without one. If there
    /// are any, any other code is a refusal, even with 200.
    #[oai(default)]
    #[serde(default)]
    success_codes: Vec<String>,
    /// Codes of a text that is refused for good.
    #[oai(default)]
    #[serde(default)]
    final_codes: Vec<String>,
    /// Codes of a text that was certainly not accepted, and is handed over again later.
    #[oai(default)]
    #[serde(default)]
    retryable_codes: Vec<String>,
    /// Codes of a buyer who has opted out.
    #[oai(default)]
    #[serde(default)]
    opted_out_codes: Vec<String>,
    reports: Option<ReportsView>,
    incoming: Option<IncomingView>,
    /// Pointer to a list of several reports or texts, such as `/results`; a list that is the whole body needs none.
    batch: Option<String>,
    signature: Option<SignatureView>,
}

/// How a gateway's delivery reports are read: JSON, or a form, which is read as an object of strings.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewayReports", skip_serializing_if_is_none)]
struct ReportsView {
    /// Pointer to the gateway's id of the text; absent: `{{report_url}}` identifies the text.
    id: Option<String>,
    /// Pointer to the status.
    status: String,
    /// Statuses of a text that reached the phone.
    delivered: Vec<String>,
    /// Statuses of a text that could not be delivered.
    undelivered: Vec<String>,
    /// Pointer to the reason.
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

/// A value that distinguishes texts from reports, for gateways that use one format for both.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewayMarker")]
struct MarkerView {
    /// Pointer to the value, such as `/data/event_type`.
    at: String,
    /// Its values for a text, such as `message.received`.
    is: Vec<String>,
}

/// How a gateway signs its reports and buyers' texts: an HMAC-SHA256 of the body in a header, optionally prefixed with
/// `sha256=`. Unsigned calls are refused. The key in the URL is required as well.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "GatewaySignature")]
struct SignatureView {
    /// The header, such as `X-Signature`.
    header: String,
    encoding: Text<SignatureEncoding>,
    /// The name of the key among `secrets`.
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

/// The most secrets, and their length.
const MOST: usize = 10;
const LONGEST: usize = 1_000;

/// Secrets by name. Each is one line of ASCII, so that it fits in a header.
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

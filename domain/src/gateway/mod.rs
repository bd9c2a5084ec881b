//! A gateway: a carrier that a merchant describes by the HTTP request that submits a text, and by how responses and
//! reports are read.
//!
//! Templates are strict handlebars with plain variables only. Values are escaped for their context (a URL, JSON, a
//! form, XML), so that nothing a buyer or merchant writes can change the request around it.

mod address;
mod answer;
mod check;
mod fault;
mod reports;
mod signature;
mod template;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use address::{is_inside, is_public};
pub use answer::GatewayAnswer;
pub use check::GatewayPolicy;
pub use fault::{GatewayError, GatewayFault};
pub use signature::{Signature, SignatureEncoding};
pub use template::{Filled, GatewayText};

use crate::Secret;

/// Named secrets of a gateway, for use in its templates.
pub type Secrets = BTreeMap<String, Secret>;

words! {
    /// The HTTP method of the request.
    pub enum Method {
        /// With a body.
        Post = "POST",
        /// With a body.
        Put = "PUT",
        /// With everything in the URL.
        Get = "GET",
    }
}

/// The description of a gateway. Pointers are JSON pointers (RFC 6901), such as `/message/id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// The URL that texts are submitted to: a template, except for the host.
    pub url: String,
    /// The HTTP method.
    pub method: Method,
    /// The headers: templates, which cannot contain the text.
    pub headers: BTreeMap<String, String>,
    /// The body: a template. The `Content-Type` header decides how values are escaped.
    pub body: Option<String>,
    /// Pointer to the gateway's id of the text in a response; `None` if it gives none.
    pub id: Option<String>,
    /// Pointer to the code in a response; `None` if the HTTP status is the code.
    pub code: Option<String>,
    /// Codes, or HTTP statuses if a response has no code, that mean the text was accepted. If any are given, every
    /// other code is a refusal, whatever the HTTP status, because many gateways always answer 200.
    #[serde(default)]
    pub success_codes: Vec<String>,
    /// Codes, or HTTP statuses, that mean the text is refused for good.
    pub final_codes: Vec<String>,
    /// Codes, or HTTP statuses, that mean the text was certainly not accepted and may be submitted again.
    pub retryable_codes: Vec<String>,
    /// Codes, or HTTP statuses, that mean the buyer has opted out.
    pub opted_out_codes: Vec<String>,
    /// How delivery reports are read, if it sends any.
    pub reports: Option<Reports>,
    /// How buyers' texts are read, if it forwards them.
    pub incoming: Option<IncomingTexts>,
    /// Pointer to the list of reports or texts, if it sends several at once. Not needed if the list is the whole body.
    #[serde(default)]
    pub batch: Option<String>,
    /// How it signs reports and texts, if it does.
    pub signature: Option<Signature>,
}

/// How delivery reports are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reports {
    /// Pointer to the gateway's id of the text; `None` if only the callback URL tells which text a report is about.
    pub id: Option<String>,
    /// Pointer to the status.
    pub status: String,
    /// Statuses that mean it reached the phone.
    pub delivered: Vec<String>,
    /// Statuses that mean it could not be delivered.
    pub undelivered: Vec<String>,
    /// Pointer to the reason.
    pub reason: Option<String>,
}

/// How buyers' texts are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingTexts {
    /// Pointer to the gateway's id of the text.
    pub id: String,
    /// Pointer to the buyer's number.
    pub from: String,
    /// Pointer to the text.
    pub text: String,
    /// Distinguishes texts from reports, if both have the same format.
    #[serde(default)]
    pub marker: Option<Marker>,
}

/// A value that texts have and reports do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Pointer to the value.
    pub at: String,
    /// The values that mark a text.
    pub is: Vec<String>,
}

/// The value at a pointer as a string, if it is a string, a number or a boolean.
fn text_at(json: &serde_json::Value, pointer: &str) -> Option<String> {
    match json.pointer(pointer)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(truth) => Some(truth.to_string()),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

#[cfg(test)]
mod callbacks;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod tests;

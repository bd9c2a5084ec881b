//! A carrier described by its merchant: the HTTP request that hands over a text, how to read the answer, and how to read delivery reports.
//!
//! Templates are strict handlebars with plain variables only. Values are escaped for the place they are inserted into (a URL, JSON, a form,
//! XML), so no text of a buyer or a merchant can change the surrounding request.

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

/// Named secrets of a gateway, for its templates.
pub type Secrets = BTreeMap<String, Secret>;

words! {
    /// How the request is made.
    pub enum Method {
        /// With a body.
        Post = "POST",
        /// With a body.
        Put = "PUT",
        /// With everything in the URL.
        Get = "GET",
    }
}

/// A carrier that is described. Pointers are JSON pointers (RFC 6901), such as `/message/id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Where the text is handed over: a template, but for the host.
    pub url: String,
    /// The HTTP method.
    pub method: Method,
    /// Headers: templates, without the text.
    pub headers: BTreeMap<String, String>,
    /// The body: a template. Its `Content-Type` among the headers says how values are escaped.
    pub body: Option<String>,
    /// Where an answer says the gateway's id of the text; absent: it gives none.
    pub id: Option<String>,
    /// Where an answer says a code; absent: its HTTP status is the code.
    pub code: Option<String>,
    /// Codes, or HTTP statuses if an answer has no code, with which a text was taken. If any is named, another code is a refusal,
    /// whatever the HTTP status: many gateways say 200 to everything.
    #[serde(default)]
    pub success_codes: Vec<String>,
    /// Codes, or HTTP statuses, with which a text is refused for good.
    pub final_codes: Vec<String>,
    /// Codes, or HTTP statuses, with which a text was certainly not taken and may be handed over again.
    pub retryable_codes: Vec<String>,
    /// Codes, or HTTP statuses, that say that the buyer wants no more texts.
    pub opted_out_codes: Vec<String>,
    /// How its delivery reports are read, if it makes any.
    pub reports: Option<Reports>,
    /// How buyers' texts are read, if it passes them on.
    pub incoming: Option<IncomingTexts>,
    /// Where a list of reports or texts is, if it sends several at once; a list that is the whole is read without.
    #[serde(default)]
    pub batch: Option<String>,
    /// How it signs both, if it does.
    pub signature: Option<Signature>,
}

/// How delivery reports are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reports {
    /// Where a report says the gateway's id of the text; absent: only the URL that it was given says which text it is about.
    pub id: Option<String>,
    /// Where it says the status.
    pub status: String,
    /// Statuses that mean: it reached the phone.
    pub delivered: Vec<String>,
    /// Statuses that mean: it could not be delivered.
    pub undelivered: Vec<String>,
    /// Where it says why.
    pub reason: Option<String>,
}

/// How buyers' texts are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingTexts {
    /// Where the gateway's id of the text is.
    pub id: String,
    /// Where the buyer's number is.
    pub from: String,
    /// Where the text is.
    pub text: String,
    /// What tells a text from a report, if both are written alike.
    #[serde(default)]
    pub marker: Option<Marker>,
}

/// A value that texts have and reports have not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Where it is.
    pub at: String,
    /// What it is for a text.
    pub is: Vec<String>,
}

/// The value at a pointer as a text, whether the JSON has it as a text, a number or a truth.
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
mod tests;

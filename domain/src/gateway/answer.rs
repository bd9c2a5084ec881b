//! Interpreting a gateway's response.

use serde_json::Value;

use super::{Gateway, text_at};

/// The meaning of a gateway's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// The gateway accepted the text.
    Accepted {
        /// The gateway's id of the text, if it gives one.
        id: Option<String>,
    },
    /// The gateway will never send the text.
    Refused {
        /// The code, or the HTTP status.
        code: String,
        /// Whether the buyer has opted out.
        opted_out: bool,
    },
    /// The gateway certainly did not accept the text, and it may be submitted again.
    Busy,
    /// Unclear; the string describes the response.
    Unknown(String),
}

impl Gateway {
    /// Interprets a response. Codes that the description does not name are read as HTTP means them: 429 is busy, other
    /// statuses from 400 to 499 are refusals, and anything from 500 on, or without the required id, is unknown.
    #[must_use]
    pub fn read(&self, status: u16, body: &[u8]) -> GatewayAnswer {
        let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let http = status.to_string();
        let code = self.code.as_deref().and_then(|pointer| text_at(&json, pointer));
        let is_one_of = |codes: &[String]| codes.iter().any(|known| *known == http || Some(known) == code.as_ref());
        let refused = |opted_out| {
            let code = code.clone().unwrap_or_else(|| http.clone());
            GatewayAnswer::Refused { code, opted_out }
        };
        if is_one_of(&self.retryable_codes) {
            return GatewayAnswer::Busy;
        }
        if is_one_of(&self.opted_out_codes) {
            return refused(true);
        }
        if is_one_of(&self.final_codes) {
            return refused(false);
        }
        match status {
            200..=299 if !self.is_success(&http, code.as_ref()) => match code {
                Some(_) => refused(false),
                None => GatewayAnswer::Unknown(format!("the gateway answered {status} without a code")),
            },
            200..=299 => match &self.id {
                None => GatewayAnswer::Accepted { id: None },
                Some(pointer) => match text_at(&json, pointer).filter(|id| !id.is_empty()) {
                    Some(id) => GatewayAnswer::Accepted { id: Some(id) },
                    None => GatewayAnswer::Unknown(format!("the gateway answered {status} without an id")),
                },
            },
            429 => GatewayAnswer::Busy,
            // The gateway timed out waiting for the request, or already has it.
            408 | 409 => GatewayAnswer::Unknown(format!("the gateway answered {status}")),
            400..=499 => refused(false),
            _ => GatewayAnswer::Unknown(format!("the gateway answered {status}")),
        }
    }

    fn is_success(&self, http: &str, code: Option<&String>) -> bool {
        let said = code.map_or(http, String::as_str);
        self.success_codes.is_empty() || self.success_codes.iter().any(|known| known == said)
    }
}

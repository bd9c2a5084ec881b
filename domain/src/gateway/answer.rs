//! Reading a gateway's answer.

use serde_json::Value;

use super::{Gateway, text_at};

/// What a gateway's answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// It took the text, under this id if it gives any.
    Accepted {
        /// The gateway's id of it.
        id: Option<String>,
    },
    /// It will never send it.
    Refused {
        /// The code, or the HTTP status.
        code: String,
        /// The buyer wants no more texts.
        opted_out: bool,
    },
    /// It certainly did not take it, and it may be handed over again.
    Busy,
    /// Nobody knows; this is what was answered.
    Unknown(String),
}

impl Gateway {
    /// What an answer means. What the description does not name is read as HTTP means it: 429 is busy, other statuses from 400
    /// to 499 are refusals, and with those from 500 on, or without the id that there should be, nobody knows.
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
            // The gateway gave up waiting for the request, or says that it has it already.
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

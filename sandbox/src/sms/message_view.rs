//! Texts in the carrier's API.

use serde_json::{Value, json};

use super::{API_VERSION, segments};
use crate::model::message::{Message, TextDirection};

impl Message {
    /// The representation in the API.
    pub(crate) fn view(&self) -> Value {
        let uri = format!("/{API_VERSION}/Accounts/{}/Messages/{}", self.account, self.sid);
        json!({
            "account_sid": self.account,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": self.created_at.to_rfc2822(),
            "date_sent": self.sent_at.map(|sent| sent.to_rfc2822()),
            "date_updated": self.updated_at.to_rfc2822(),
            "direction": match self.direction {
                TextDirection::Outbound => "outbound-api",
                TextDirection::Inbound => "inbound",
            },
            "error_code": self.error_code,
            "error_message": null,
            "from": self.from,
            "messaging_service_sid": self.messaging_service,
            "num_media": "0",
            "num_segments": segments::count(&self.body).to_string(),
            "price": null,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status.name(),
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": self.to,
            "uri": format!("{uri}.json"),
        })
    }
}

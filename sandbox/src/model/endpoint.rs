//! Webhook endpoints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::Moment,
    model::{scope::StripeScope, table::Row},
};

/// A URL that events are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    pub(crate) scope: StripeScope,
    pub(crate) url: String,
    /// The signing secret. The API shows it once, when the endpoint is created.
    pub(crate) secret: String,
    /// Event types, or `*` for all.
    pub(crate) enabled_events: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    pub(crate) description: Option<String>,
    /// The API version of its events; the account's own if absent.
    #[serde(default)]
    pub(crate) api_version: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) created_at: Moment,
}

impl Row for WebhookEndpoint {
    fn id(&self) -> &str {
        &self.id
    }
}

impl WebhookEndpoint {
    /// Whether it receives events of this type in this scope.
    pub(crate) fn hears(&self, scope: &StripeScope, kind: &str) -> bool {
        let listed = self.enabled_events.iter().any(|event| event == "*" || event == kind);
        self.enabled && !self.deleted && self.scope == *scope && listed
    }

    /// The representation in the API, without the secret.
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": self.api_version,
            "application": null,
            "created": self.created_at.timestamp(),
            "description": self.description,
            "enabled_events": self.enabled_events,
            "livemode": self.scope.livemode,
            "metadata": self.metadata,
            "status": if self.enabled { "enabled" } else { "disabled" },
            "url": self.url,
        })
    }
}

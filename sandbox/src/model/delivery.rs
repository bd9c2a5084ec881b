//! An outgoing webhook.

use serde::{Deserialize, Serialize};

use super::{service::Service, table::Row};
use crate::clock::Moment;

/// A webhook to one URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookDelivery {
    pub(crate) id: String,
    pub(crate) service: Service,
    pub(crate) url: String,
    pub(crate) content: Content,
    pub(crate) state: DeliveryState,
    /// The number of attempts so far.
    pub(crate) attempts: u32,
    /// The time of the next attempt, while pending.
    pub(crate) due_at: Moment,
    /// The result of the last attempt: a status or an error.
    pub(crate) last: Option<String>,
}

/// The content of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// A Stripe event, signed with the endpoint's secret.
    Event { event: String, endpoint: String },
    /// A form from the carrier, signed with the account's token.
    Form(Vec<(String, String)>),
    /// A message of the JSON gateway. It is unsigned; the secret URL authenticates it.
    Json(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    Pending,
    Delivered,
    /// Its attempts are used up, or its endpoint is gone.
    Abandoned,
    /// Never attempted, as ordered.
    Dropped,
}

impl Row for WebhookDelivery {
    fn id(&self) -> &str {
        &self.id
    }
}

impl WebhookDelivery {
    /// The time of the next attempt, if there is one.
    pub(crate) fn next_attempt_at(&self) -> Option<Moment> {
        match self.state {
            DeliveryState::Pending => Some(self.due_at),
            DeliveryState::Delivered | DeliveryState::Abandoned | DeliveryState::Dropped => None,
        }
    }
}

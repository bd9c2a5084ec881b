//! A webhook on its way out.

use serde::{Deserialize, Serialize};

use super::{service::Service, table::Row};
use crate::clock::Moment;

/// One webhook to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookDelivery {
    pub(crate) id: String,
    pub(crate) service: Service,
    pub(crate) url: String,
    pub(crate) content: Content,
    pub(crate) state: DeliveryState,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it is tried next, while it is pending.
    pub(crate) due_at: Moment,
    /// What came of the last attempt: a status or why there was none.
    pub(crate) last: Option<String>,
}

/// What a webhook says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// A Stripe event, signed with the endpoint's secret.
    Event { event: String, endpoint: String },
    /// A form of the carrier, signed with the account's token.
    Form(Vec<(String, String)>),
    /// What the gateway that speaks JSON says; it signs nothing, the URL is its proof.
    Json(String),
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    Pending,
    Delivered,
    /// Tried too often, or its endpoint is gone.
    Abandoned,
    /// Never tried, because it was ordered so.
    Dropped,
}

impl Row for WebhookDelivery {
    fn id(&self) -> &str {
        &self.id
    }
}

impl WebhookDelivery {
    /// When it is to be tried next, if it is.
    pub(crate) fn next_attempt_at(&self) -> Option<Moment> {
        match self.state {
            DeliveryState::Pending => Some(self.due_at),
            DeliveryState::Delivered | DeliveryState::Abandoned | DeliveryState::Dropped => None,
        }
    }
}

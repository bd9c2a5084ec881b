//! Endpoints and deliveries as shown to API callers.

use chrono::{DateTime, Utc};
use domain::Secret;
use entity::webhook_endpoint::{
    Disabled, WebhookEndpoint,
    delivery::{DeliveryState, WebhookDelivery},
};
use poem_openapi::Object;
use sea_orm::DbErr;

use super::input::LONGEST_DESCRIPTION;
use crate::http::typed::{EventName, HookUrl, Line, Text};
use domain::{WebhookDeliveryId, WebhookEndpointId};

/// All of a merchant's webhook endpoints, oldest first.
#[derive(Debug, Object)]
#[oai(rename = "WebhookEndpoints")]
pub(super) struct EndpointList {
    pub(super) items: Vec<EndpointView>,
}

/// A webhook endpoint.
#[derive(Debug, Object)]
#[oai(rename = "WebhookEndpoint", skip_serializing_if_is_none)]
pub(super) struct EndpointView {
    id: Text<WebhookEndpointId>,
    url: HookUrl,
    description: Option<Line<LONGEST_DESCRIPTION>>,
    /// The subscribed events: names such as `link.paid`, all of one resource such as `link.*`, or everything: `*`.
    events: Vec<EventName>,
    /// Whether anything is delivered to it.
    enabled: bool,
    disabled_at: Option<DateTime<Utc>>,
    /// `by_hand`; `gone`: it answered 410; `failing`: it has accepted nothing for 5 days.
    disabled_because: Option<Text<Disabled>>,
    /// Since when all deliveries have failed.
    failing_since: Option<DateTime<Utc>>,
    /// The number of the latest change of its subscription.
    last_seq: Option<i64>,
    created_at: DateTime<Utc>,
    /// The secret to verify its webhooks with, shown only this once: store it.
    #[oai(read_only)]
    secret: Option<String>,
}

impl EndpointView {
    pub(super) fn of(endpoint: WebhookEndpoint) -> Result<Self, DbErr> {
        Ok(Self {
            events: endpoint.subscription()?.words().map(EventName).collect(),
            id: endpoint.id.into(),
            url: endpoint.url.into(),
            description: endpoint.description.map(Line),
            enabled: endpoint.disabled_at.is_none(),
            disabled_at: endpoint.disabled_at,
            disabled_because: endpoint.disabled_because.map(Text),
            failing_since: endpoint.failing_since,
            last_seq: endpoint.last_seq,
            created_at: endpoint.created_at,
            secret: None,
        })
    }

    pub(super) fn with_secret(self, secret: &Secret) -> Self {
        Self { secret: Some(secret.expose().to_owned()), ..self }
    }
}

/// A webhook delivery.
#[derive(Debug, Object)]
#[oai(rename = "WebhookDelivery", skip_serializing_if_is_none)]
pub(super) struct DeliveryView {
    /// The value of `webhook-id`, the same for each attempt.
    id: Text<WebhookDeliveryId>,
    /// What happened, such as `link.paid`.
    #[oai(rename = "type")]
    kind: String,
    /// The number of the change; absent for a test.
    seq: Option<i64>,
    /// The number of the endpoint's change before it.
    previous_seq: Option<i64>,
    /// When it happened.
    at: DateTime<Utc>,
    state: Text<DeliveryState>,
    attempts: i64,
    /// When it is next tried, while it is pending.
    due_at: Option<DateTime<Utc>>,
    attempted_at: Option<DateTime<Utc>>,
    /// The HTTP status of the last answer.
    answered_status: Option<i64>,
    /// How many milliseconds the last answer took.
    answered_in_ms: Option<i64>,
    /// Why the last attempt failed.
    error: Option<String>,
}

impl From<WebhookDelivery> for DeliveryView {
    fn from(delivery: WebhookDelivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            id: delivery.id.into(),
            kind: delivery.kind,
            seq: delivery.seq,
            previous_seq: delivery.previous_seq,
            at: delivery.at,
            state: delivery.state.into(),
            attempts: delivery.tries,
            due_at: is_pending.then_some(delivery.due_at),
            attempted_at: delivery.attempted_at,
            answered_status: delivery.answered_status,
            answered_in_ms: delivery.answered_in_ms,
            error: delivery.error,
        }
    }
}

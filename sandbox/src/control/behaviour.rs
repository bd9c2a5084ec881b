//! Setting how the services behave.

use std::sync::Arc;

use poem::{
    handler,
    http::StatusCode,
    web::{Data, Json},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    faults,
    model::{
        fault::Fault,
        scope::StripeScope,
        service::Service,
        settings::{Drop, Manner},
        state::Shared,
        tables::RowChange,
    },
    stripe::{
        events::{self, USUAL},
        webhook_endpoints,
    },
};

use super::ControlError;

/// Makes the next calls of a service fail.
#[handler]
pub(crate) fn fail(Json(fault): Json<Fault>, Data(shared): Data<&Arc<Shared>>) -> Result<Json<Value>, ControlError> {
    if fault.status.is_some_and(|status| StatusCode::from_u16(status).is_err() || status < 200) {
        return Err(ControlError::Invalid("status is not an HTTP status that an answer can have"));
    }
    let faults = shared.write(|txn| {
        faults::order(txn, fault);
        txn.tables.settings.faults.clone()
    });
    Ok(Json(json!({ "items": faults })))
}

/// How long calls take.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pace {
    service: Service,
    delay_ms: u32,
}

/// Sets how long each call of a service takes.
#[handler]
pub(crate) fn slow(Json(pace): Json<Pace>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    shared.write(|txn| {
        let mut settings = txn.tables.settings.clone();
        *settings.delay_ms_mut(pace.service) = pace.delay_ms;
        txn.put(RowChange::Settings(settings));
    });
    Json(json!({ "service": pace.service, "delay_ms": pace.delay_ms }))
}

/// How webhooks are delivered. Omitted fields are reset to the default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBehaviour {
    /// The service; Stripe if omitted.
    service: Option<Service>,
    /// How many extra times each is delivered; `true` means one.
    #[serde(default)]
    duplicate: Count,
    #[serde(default)]
    shuffle: bool,
    #[serde(default)]
    delay_ms: u32,
    /// `true` drops all; a number drops that many.
    #[serde(default)]
    drop: Count,
}

/// A boolean or a number.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Count {
    Flag(bool),
    Number(u32),
}

impl Default for Count {
    fn default() -> Self {
        Self::Flag(false)
    }
}

/// Sets how webhooks are delivered.
#[handler]
pub(crate) fn webhooks(Json(order): Json<WebhookBehaviour>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    let manner = Manner {
        duplicate: match order.duplicate {
            Count::Flag(flag) => u32::from(flag),
            Count::Number(number) => number,
        },
        shuffle: order.shuffle,
        delay_ms: order.delay_ms,
        drop: match order.drop {
            Count::Flag(false) | Count::Number(0) => Drop::None,
            Count::Flag(true) => Drop::All,
            Count::Number(number) => Drop::Next(number),
        },
    };
    let answer = json!(manner);
    shared.write(|txn| {
        let mut settings = txn.tables.settings.clone();
        *settings.manner_mut(order.service.unwrap_or(Service::Stripe)) = manner;
        txn.put(RowChange::Settings(settings));
    });
    Json(answer)
}

/// A recorded event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    event: String,
}

/// Sends an event again, as Stripe's dashboard can.
#[handler]
pub(crate) fn resend(
    Json(recorded): Json<Recorded>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let endpoints = shared.write(|txn| events::resend(txn, &recorded.event));
    let endpoints = endpoints.ok_or(ControlError::NotFound("event"))?;
    Ok(Json(json!({ "endpoints": endpoints })))
}

/// A manually created webhook endpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    url: String,
    /// The signing secret; random if omitted.
    secret: Option<String>,
    /// The event types it receives; those that Paylink uses if omitted.
    enabled_events: Option<Vec<String>>,
    /// The API key whose account and mode it belongs to; the first key if omitted.
    key: Option<String>,
}

/// Creates a webhook endpoint.
#[handler]
pub(crate) fn endpoint(
    Json(endpoint): Json<Endpoint>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let wanted = |secret: &str| endpoint.key.as_deref().is_none_or(|key| key == secret);
    let key = shared.config.stripe_keys.iter().find(|key| wanted(&key.secret));
    let scope = StripeScope::from(key.ok_or(ControlError::NotFound("API key"))?);
    let events = endpoint.enabled_events.unwrap_or_else(|| USUAL.map(str::to_owned).to_vec());
    let view = shared.write(|txn| {
        let endpoint = webhook_endpoints::new(txn, scope, endpoint.url, events, endpoint.secret);
        let mut view = endpoint.view();
        view["secret"] = json!(endpoint.secret);
        txn.put(RowChange::Endpoint(endpoint));
        view
    });
    Ok(Json(view))
}

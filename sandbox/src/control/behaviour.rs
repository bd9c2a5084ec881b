//! Changes how the services behave.

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

/// The next calls of a service fail.
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

/// How webhooks are delivered from now on. What is left out is as usual again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Whose webhooks; Stripe's if absent.
    service: Option<Service>,
    /// How many more times each is delivered; `true` is once more.
    #[serde(default)]
    duplicate: Count,
    #[serde(default)]
    shuffle: bool,
    #[serde(default)]
    delay_ms: u32,
    /// `true`: none is delivered; a number: so many are not.
    #[serde(default)]
    drop: Count,
}

/// Yes, no or a number.
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
pub(crate) fn webhooks(Json(order): Json<Order>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
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

/// Sends an event once more, as Stripe's dashboard can.
#[handler]
pub(crate) fn resend(
    Json(recorded): Json<Recorded>,
    Data(shared): Data<&Arc<Shared>>,
) -> Result<Json<Value>, ControlError> {
    let endpoints = shared.write(|txn| events::resend(txn, &recorded.event));
    let endpoints = endpoints.ok_or(ControlError::NotFound("event"))?;
    Ok(Json(json!({ "endpoints": endpoints })))
}

/// A webhook endpoint, set up by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    url: String,
    /// What deliveries are signed with; random if absent.
    secret: Option<String>,
    /// What it hears; the events that Paylink uses if absent.
    enabled_events: Option<Vec<String>>,
    /// Whose account and mode: that of this API key. The first key's if absent.
    key: Option<String>,
}

/// Sets up a webhook endpoint.
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

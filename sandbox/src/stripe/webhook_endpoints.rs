//! `/v1/webhook_endpoints`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    ids,
    model::{
        endpoint::WebhookEndpoint,
        scope::StripeScope,
        state::Txn,
        tables::{RowChange, Tables},
    },
    stripe::events,
};

use super::{Call, errors::StripeError, list::ListPage, params};

/// The most endpoints of an account in each mode.
const MOST: usize = 16;

/// `POST /v1/webhook_endpoints`. Only this response contains the secret.
pub(crate) fn create(txn: &mut Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let url = params.take("url")?;
    let events = params.take_list("enabled_events");
    let description = params.take("description")?;
    let api_version = params::present(params.take("api_version")?, "api_version")?;
    let metadata = params::metadata(&mut params, "metadata")?;
    params::finish(&params)?;
    let url = check_url(params::required(url, "url")?, &scope)?;
    if events.is_empty() {
        return Err(StripeError::missing("enabled_events"));
    }
    check_events(&events)?;
    if txn.tables.endpoints.iter().filter(|other| other.scope == scope && !other.deleted).count() >= MOST {
        let mode = if scope.livemode { "live" } else { "test" };
        return Err(StripeError::invalid(format!("You have reached the maximum of {MOST} {mode} webhook endpoints.")));
    }
    let metadata = params::merged(&BTreeMap::new(), metadata, "metadata")?;
    let endpoint = WebhookEndpoint { description, api_version, metadata, ..new(txn, scope, url, events, None) };
    let mut view = endpoint.view();
    view["secret"] = json!(endpoint.secret);
    txn.put(RowChange::Endpoint(endpoint));
    Ok(view)
}

/// A new endpoint, not stored yet, with a random secret unless one is given.
pub(crate) fn new(
    txn: &Txn<'_>,
    scope: StripeScope,
    url: String,
    enabled_events: Vec<String>,
    secret: Option<String>,
) -> WebhookEndpoint {
    WebhookEndpoint {
        id: ids::stripe("we_", 24),
        scope,
        url,
        secret: secret.unwrap_or_else(|| ids::stripe("whsec_", 32)),
        enabled_events,
        enabled: true,
        deleted: false,
        description: None,
        api_version: None,
        metadata: BTreeMap::new(),
        created_at: txn.now,
    }
}

/// `GET /v1/webhook_endpoints`, newest first.
pub(crate) fn list(txn: &Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let page = ListPage::take(&mut params)?;
    params::finish(&params)?;
    let rows = txn.tables.endpoints.iter().rev().filter(|endpoint| endpoint.scope == scope);
    let keep = |endpoint: &WebhookEndpoint| !endpoint.deleted;
    page.of(rows, keep, ("/v1/webhook_endpoints", "webhook_endpoint"), WebhookEndpoint::view)
}

/// `GET /v1/webhook_endpoints/{id}`.
pub(crate) fn retrieve(txn: &Txn<'_>, call: &Call, id: &str) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    find(txn.tables, &call.scope, id).map(WebhookEndpoint::view)
}

/// `POST /v1/webhook_endpoints/{id}`.
pub(crate) fn update(txn: &mut Txn<'_>, call: Call, id: &str) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let url = params::present(params.take("url")?, "url")?;
    let events = params.take_list("enabled_events");
    let disabled = params::present(params.take("disabled")?, "disabled")?;
    let description = params.take("description")?;
    let metadata = params::metadata(&mut params, "metadata")?;
    params::finish(&params)?;
    let mut endpoint = find(txn.tables, &scope, id)?.clone();
    if let Some(url) = url {
        endpoint.url = check_url(url, &scope)?;
    }
    if !events.is_empty() {
        check_events(&events)?;
        endpoint.enabled_events = events;
    }
    if let Some(disabled) = disabled {
        endpoint.enabled = !params::boolean(&disabled, "disabled")?;
    }
    if let Some(description) = description {
        endpoint.description = Some(description).filter(|text| !text.is_empty());
    }
    endpoint.metadata = params::merged(&endpoint.metadata, metadata, "metadata")?;
    let view = endpoint.view();
    txn.put(RowChange::Endpoint(endpoint));
    Ok(view)
}

/// `DELETE /v1/webhook_endpoints/{id}`. Pending deliveries are never sent.
pub(crate) fn delete(txn: &mut Txn<'_>, call: &Call, id: &str) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    let endpoint = find(txn.tables, &call.scope, id)?.clone();
    txn.put(RowChange::Endpoint(WebhookEndpoint { deleted: true, ..endpoint }));
    Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
}

fn find<'a>(tables: &'a Tables, scope: &StripeScope, id: &str) -> Result<&'a WebhookEndpoint, StripeError> {
    let endpoint = tables.endpoints.get(id).filter(|endpoint| endpoint.scope == *scope && !endpoint.deleted);
    endpoint.ok_or_else(|| StripeError::no_such("webhook endpoint", id))
}

/// In live mode, endpoints must use TLS.
fn check_url(url: String, scope: &StripeScope) -> Result<String, StripeError> {
    let url = params::url(url, "url")?;
    if scope.livemode && !url.starts_with("https://") {
        return Err(StripeError::param("url", "url_invalid", "Invalid URL: URL must be HTTPS in live mode."));
    }
    Ok(url)
}

fn check_events(events: &[String]) -> Result<(), StripeError> {
    let is_known = |name: &str| name == "*" || events::KNOWN.contains(&name);
    match events.iter().position(|name| !is_known(name)) {
        None => Ok(()),
        Some(index) => {
            let message = format!("Invalid enabled_events: {} is not an event that the sandbox knows", events[index]);
            Err(StripeError::param_without_code(&format!("enabled_events[{index}]"), message))
        }
    }
}

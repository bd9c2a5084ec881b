//! The stand-in Stripe.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod checkout;
pub(crate) mod deliveries;
pub(crate) mod disputes_and_refunds;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod link_params;
pub(crate) mod list;
pub(crate) mod pages;
pub(crate) mod params;
pub(crate) mod payment_links;
pub(crate) mod sessions;
pub(crate) mod webhook_endpoints;

use poem::http::StatusCode;
use serde_json::Value;

use crate::{
    answer::Answer,
    exchange::IncomingRequest,
    failure::Failure,
    form::Params,
    ids,
    model::{
        scope::StripeScope,
        state::{Config, Txn},
    },
};

use self::{errors::StripeError, events::Cause};

/// The API version of objects and events.
pub(crate) const API_VERSION: &str = "2026-10-28.endive";

/// An authenticated call with parsed parameters.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) scope: StripeScope,
    pub(crate) params: Params,
    /// The request recorded as the cause of events.
    pub(crate) cause: Cause,
}

/// Answers an API request. A [`Failure`] replaces the response, before or after the effect.
pub(crate) fn answer(txn: &mut Txn<'_>, incoming: &IncomingRequest, failure: Option<Failure>) -> Answer {
    let request_id = ids::stripe("req_", 14);
    let answer = match failure {
        // Failures other than 500 imitate a rejection by Stripe's front end, which happens before the call runs.
        Some(failure) if !failure.after_effect && !idempotency::remembers(failure.answer.status) => failure.answer,
        Some(failure) if failure.after_effect => {
            let shown = failure.answer.clone();
            run(txn, incoming, &request_id, Some(failure));
            shown
        }
        other => run(txn, incoming, &request_id, other),
    };
    let version = incoming.header("stripe-version").unwrap_or(API_VERSION).to_owned();
    answer.with("Request-Id", request_id).with("Stripe-Version", version)
}

fn run(txn: &mut Txn<'_>, incoming: &IncomingRequest, request_id: &str, failure: Option<Failure>) -> Answer {
    let call = match read(txn.config, incoming, request_id) {
        Ok(call) => call,
        Err(error) => return error.answer(request_id),
    };
    let execute = |txn: &mut Txn<'_>, call| match route(txn, incoming, call) {
        Ok(body) => Answer::json(StatusCode::OK, &body),
        Err(error) => error.answer(request_id),
    };
    idempotency::answer(txn, incoming, call, failure, execute)
}

fn read(config: &Config, incoming: &IncomingRequest, request_id: &str) -> Result<Call, StripeError> {
    let scope = auth::authenticate(config, incoming)?;
    auth::check_version(incoming)?;
    let idempotency_key = idempotency::key(incoming)?.map(str::to_owned);
    let params = params::read(incoming)?;
    Ok(Call { scope, params, cause: Cause { request: Some(request_id.to_owned()), idempotency_key } })
}

fn route(txn: &mut Txn<'_>, incoming: &IncomingRequest, call: Call) -> Result<Value, StripeError> {
    let (method, path) = (incoming.logged.method.as_str(), incoming.logged.path.as_str());
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (method, segments.as_slice()) {
        ("POST", ["v1", "payment_links"]) => payment_links::create(txn, call),
        ("GET", ["v1", "payment_links"]) => payment_links::list(txn, call),
        ("GET", ["v1", "payment_links", id]) => payment_links::retrieve(txn, &call, id),
        ("GET", ["v1", "payment_links", id, "line_items"]) => payment_links::line_items(txn, call, id),
        ("POST", ["v1", "payment_links", id]) => payment_links::update(txn, call, id),
        ("POST", ["v1", "checkout", "sessions"]) => sessions::create(txn, call),
        ("GET", ["v1", "charges"]) => account::charges(txn, call),
        ("GET", ["v1", "disputes"]) => account::disputes(txn, call),
        ("GET", ["v1", "checkout", "sessions"]) => sessions::list(txn, call),
        ("GET", ["v1", "checkout", "sessions", id]) => sessions::retrieve(txn, &call, id),
        ("POST", ["v1", "checkout", "sessions", id, "expire"]) => sessions::expire(txn, &call, id),
        ("GET", ["v1", "account"]) => account::account(&call),
        ("GET", ["v1", "payment_intents", id]) => account::payment_intent(txn, &call, id),
        ("POST", ["v1", "webhook_endpoints"]) => webhook_endpoints::create(txn, call),
        ("GET", ["v1", "webhook_endpoints"]) => webhook_endpoints::list(txn, call),
        ("GET", ["v1", "webhook_endpoints", id]) => webhook_endpoints::retrieve(txn, &call, id),
        ("POST", ["v1", "webhook_endpoints", id]) => webhook_endpoints::update(txn, call, id),
        ("DELETE", ["v1", "webhook_endpoints", id]) => webhook_endpoints::delete(txn, &call, id),
        _ => Err(StripeError::unrecognized_url(method, path)),
    }
}

/// The id under which the request's idempotency key is held while in progress, if it has one.
pub(crate) fn held_key(config: &Config, incoming: &IncomingRequest) -> Option<String> {
    let scope = auth::authenticate(config, incoming).ok()?;
    let key = idempotency::key(incoming).ok()??;
    Some(idempotency::stored_id(&scope, key))
}

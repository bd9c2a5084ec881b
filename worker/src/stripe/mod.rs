//! A client for Stripe's API: the transport here, and a file for each resource.

mod account;
mod error;
mod event;
mod not_done;
mod payment_intents;
mod payment_links;
mod purchases;
mod sessions;
pub(crate) mod stored;
mod webhook_endpoints;

use domain::Secret;
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    metrics::Service,
    outbound::{http, service::OutboundService},
};

pub(crate) use error::{Advice, StripeError};
pub(crate) use event::{Event, Object, StripeCharge, StripeDispute, StripeRefund};
pub(crate) use not_done::NotDone;
pub(crate) use payment_intents::IntentStatus;
pub(crate) use payment_links::{LineItem, METADATA_LINK, NewPaymentLink, PaymentLink};
pub(crate) use purchases::{NewPurchase, PageStatus, PurchaseSession};
pub(crate) use sessions::{PaymentStatus, Session, SessionStatus};
pub(crate) use webhook_endpoints::WebhookEndpoint;

/// The API version that this client is written for.
const VERSION: &str = "2026-10-28.endive";

/// Stripe on behalf of one merchant.
pub(crate) struct Stripe {
    http: Client,
    base: String,
    key: Secret,
    service: OutboundService,
}

/// The endpoints that have a rate limit of their own at Stripe.
const ENDPOINTS: [&str; 6] =
    ["payment_links", "checkout/sessions", "webhook_endpoints", "payment_intents", "charges", "disputes"];

/// The endpoint of a path, which may continue with an id.
fn endpoint(path: &str) -> &str {
    ENDPOINTS.into_iter().find(|endpoint| path.starts_with(endpoint)).unwrap_or(path)
}

/// Stripe's answer, with the request id for its support.
#[derive(Debug, Clone)]
pub(crate) struct StripeResponse<T> {
    pub(crate) body: T,
    /// The request id (`req_…`).
    pub(crate) request: String,
}

impl<T> StripeResponse<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> StripeResponse<U> {
        StripeResponse { body: change(self.body), request: self.request }
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct StripeList<T> {
    data: Vec<T>,
    has_more: bool,
}

impl Stripe {
    pub(crate) fn new(http: Client, base: &str, key: Secret, service: OutboundService) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), key, service }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<StripeResponse<T>, StripeError> {
        self.call(path, self.http.get(self.url(path)).query(query)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, &str)],
        idempotency_key: Option<&str>,
    ) -> Result<StripeResponse<T>, StripeError> {
        let request = self.http.post(self.url(path)).form(form);
        match idempotency_key {
            Some(key) => self.call(path, request.header("Idempotency-Key", key)).await,
            None => self.call(path, request).await,
        }
    }

    async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<StripeResponse<T>, StripeError> {
        self.call(path, self.http.delete(self.url(path))).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.base)
    }

    /// Waits for a turn, makes the call, and reports to the circuit breaker.
    async fn call<T: DeserializeOwned>(
        &self,
        path: &str,
        request: RequestBuilder,
    ) -> Result<StripeResponse<T>, StripeError> {
        let permit = self.service.acquire(endpoint(path)).await?;
        let answer = self.exchange(request).await;
        if answer.as_ref().is_err_and(StripeError::means_down) {
            permit.failed();
        } else {
            permit.answered();
        }
        answer
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<StripeResponse<T>, StripeError> {
        let request = request.bearer_auth(self.key.expose()).header("Stripe-Version", VERSION);
        let response = http::send(Service::Stripe, request).await.map_err(StripeError::unanswered)?;
        let header =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let facts = error::ResponseFacts {
            status: response.status(),
            request: header("Request-Id").unwrap_or_else(|| "unknown".to_owned()),
            should_retry: header("Stripe-Should-Retry"),
            replayed: header("Idempotent-Replayed").as_deref() == Some("true"),
            retry_after: http::retry_after(&response),
        };
        let body = response.bytes().await.map_err(StripeError::unanswered)?;
        if !facts.status.is_success() {
            return Err(facts.refusal(&body));
        }
        match serde_json::from_slice(&body) {
            Ok(body) => Ok(StripeResponse { body, request: facts.request }),
            Err(source) => Err(StripeError::Unreadable { request: facts.request, source }),
        }
    }
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("base", &self.base).finish_non_exhaustive()
    }
}

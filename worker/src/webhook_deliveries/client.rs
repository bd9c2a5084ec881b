//! Sending webhooks: to public addresses unless the operator allows others, without redirects, and with a timeout.

use std::time::{Duration, Instant};

use entity::webhook_endpoint::{Attempted, SLOW};
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};

use super::long_waits::LongWaits;
use crate::{
    metrics::Service,
    outbound::{address_guard, clients::Clients, http},
};

/// Timeout of an answer. Only the status is read, not the body.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

#[derive(Debug, Clone)]
pub(crate) struct WebhookClient {
    http: Client,
    private: bool,
    long_waits: LongWaits,
}

/// A webhook to send.
pub(super) struct OutgoingWebhook<'a> {
    /// The endpoint's URL.
    pub(super) url: &'a str,
    /// The delivery's id.
    pub(super) id: &'a str,
    /// When it is sent, in seconds since 1970.
    pub(super) timestamp: i64,
    pub(super) signatures: &'a str,
    pub(super) body: Vec<u8>,
}

impl WebhookClient {
    /// Creates a client for public addresses, or with `private` for any address.
    pub(crate) fn new(clients: &Clients, private: bool) -> Self {
        Self { http: clients.of_merchants(private), private, long_waits: LongWaits::in_slots(1) }
    }

    /// Sets the number of slots for quick endpoints.
    pub(crate) fn in_slots(self, slots: usize) -> Self {
        Self { long_waits: LongWaits::in_slots(slots), ..self }
    }

    /// Sends a webhook to an endpoint that is known to be slow or failing. Returns the result.
    pub(super) async fn post(&self, webhook: OutgoingWebhook<'_>) -> Attempted {
        let since = Instant::now();
        let answered = self.try_post(webhook).await;
        Self::read(answered, since.elapsed())
    }

    /// Sends a webhook to an endpoint that was quick so far. Returns `None` if it no longer is and there is no place to
    /// wait for it.
    pub(super) async fn post_quickly(&self, webhook: OutgoingWebhook<'_>) -> Option<Attempted> {
        self.long_waits.wait(self.post(webhook), SLOW).await
    }

    fn read(answered: Result<StatusCode, &'static str>, took: Duration) -> Attempted {
        match answered {
            Ok(status) if status.is_success() => Attempted { status: Some(status.as_u16()), took, error: None },
            Ok(status) => {
                let error = Some(if status.is_redirection() {
                    format!("It answered {}: redirects are not followed.", status.as_u16())
                } else {
                    format!("It answered {}.", status.as_u16())
                });
                Attempted { status: Some(status.as_u16()), took, error }
            }
            Err(why) => Attempted { status: None, took, error: Some(why.to_owned()) },
        }
    }

    async fn try_post(&self, webhook: OutgoingWebhook<'_>) -> Result<StatusCode, &'static str> {
        let OutgoingWebhook { url, id, timestamp, signatures, body } = webhook;
        let url: Url = url.parse().map_err(|_| "Its address is none.")?;
        if !self.private && address_guard::check_literal(&url).is_err() {
            return Err(NOT_PUBLIC);
        }
        let request = self
            .http
            .post(url)
            .timeout(ANSWERS_WITHIN)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            .body(body);
        match http::send(Service::Webhook, request).await {
            Ok(response) => Ok(response.status()),
            Err(error) if address_guard::is_not_public(&error) => Err(NOT_PUBLIC),
            Err(error) if error.is_timeout() => Err("It did not answer in time."),
            Err(error) if error.is_connect() => Err("No connection could be made."),
            Err(_) => Err("The connection broke off."),
        }
    }
}

const NOT_PUBLIC: &str = "It is not at a public address, and the operator does not allow others.";

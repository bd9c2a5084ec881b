//! How webhooks leave: to public addresses unless the operator allows others, without redirects, and not for long.

use std::time::{Duration, Instant};

use entity::webhook_endpoint::{Attempted, SLOW};
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};

use super::long_waits::LongWaits;
use crate::{
    metrics::Service,
    outbound::{address_guard, clients::Clients, http},
};

/// How long an endpoint may take to answer. Of the answer only the status counts, and its body is not read.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// The client for webhooks.
#[derive(Debug, Clone)]
pub(crate) struct WebhookClient {
    http: Client,
    private: bool,
    long_waits: LongWaits,
}

/// A webhook that is ready to leave.
pub(super) struct Outgoing<'a> {
    /// Where to.
    pub(super) url: &'a str,
    /// The delivery's id.
    pub(super) id: &'a str,
    /// When it is sent, in seconds.
    pub(super) timestamp: i64,
    /// What signs for it.
    pub(super) signatures: &'a str,
    /// What it says.
    pub(super) body: Vec<u8>,
}

impl WebhookClient {
    /// One that goes to public addresses only, or one that goes anywhere.
    pub(crate) fn new(clients: &Clients, private: bool) -> Self {
        Self { http: clients.of_described(private), private, long_waits: LongWaits::in_slots(1) }
    }

    /// The same, in so many slots for endpoints that were quick so far.
    pub(crate) fn in_slots(self, slots: usize) -> Self {
        Self { long_waits: LongWaits::in_slots(slots), ..self }
    }

    /// Sends a webhook to an endpoint that is known to take its time, or to fail: what became of it.
    pub(super) async fn post(&self, webhook: Outgoing<'_>) -> Attempted {
        let since = Instant::now();
        let answered = self.try_post(webhook).await;
        Self::read(answered, since.elapsed())
    }

    /// Sends a webhook to an endpoint that was quick so far; `None` if it is none any more, and others have to wait for it.
    pub(super) async fn post_quickly(&self, webhook: Outgoing<'_>) -> Option<Attempted> {
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

    async fn try_post(&self, webhook: Outgoing<'_>) -> Result<StatusCode, &'static str> {
        let Outgoing { url, id, timestamp, signatures, body } = webhook;
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
            Err(error) if error.is_connect() => Err("It could not be connected to."),
            Err(_) => Err("The connection broke off."),
        }
    }
}

const NOT_PUBLIC: &str = "It is not at a public address, and the operator does not allow others.";

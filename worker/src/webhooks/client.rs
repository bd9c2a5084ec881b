//! The HTTP client for webhooks: public addresses only unless the operator allows others, no redirects, short time-outs.

use std::time::{Duration, Instant};

use entity::webhook_endpoint::Attempted;
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};

use crate::{
    metrics::Service,
    outbound::{address_guard, http},
};

/// How long an endpoint may take to answer. Of the answer only the status counts, and its body is not read.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// A webhook as it goes out, by the rules of Standard Webhooks.
pub(crate) struct SignedWebhook<'a> {
    /// The delivery's id, the same at each try.
    pub(crate) id: &'a str,
    /// When it was signed, in seconds.
    pub(crate) timestamp: i64,
    /// One signature by each secret in use, separated by spaces.
    pub(crate) signatures: &'a str,
    /// What was signed.
    pub(crate) body: Vec<u8>,
}

/// The client for webhooks.
#[derive(Debug, Clone)]
pub(crate) struct WebhookClient {
    http: Client,
    private: bool,
}

impl WebhookClient {
    /// One that goes to public addresses only, or one that goes anywhere.
    pub(crate) fn new(private: bool) -> reqwest::Result<Self> {
        Ok(Self { http: if private { http::client()? } else { address_guard::client()? }, private })
    }

    /// Sends a webhook, and tells what became of it.
    pub(crate) async fn post(&self, url: &str, webhook: SignedWebhook<'_>) -> Attempted {
        let since = Instant::now();
        let answered = self.try_post(url, webhook).await;
        let took = since.elapsed();
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

    async fn try_post(&self, url: &str, webhook: SignedWebhook<'_>) -> Result<StatusCode, &'static str> {
        let url: Url = url.parse().map_err(|_| "Its address is none.")?;
        if !self.private && address_guard::check_literal(&url).is_err() {
            return Err(NOT_PUBLIC);
        }
        let request = self
            .http
            .post(url)
            .timeout(ANSWERS_WITHIN)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", webhook.id)
            .header("webhook-timestamp", webhook.timestamp)
            .header("webhook-signature", webhook.signatures)
            .body(webhook.body);
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

//! How webhooks leave: to public addresses unless the operator allows others, without redirects, and not for long.

use std::time::{Duration, Instant};

use entity::webhook_endpoint::Attempted;
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};

use crate::{
    metrics::Service,
    outbound::{address_guard, http},
};

/// How long an endpoint may take to answer. Of the answer only the status counts, and its body is not read.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

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

    /// Sends a webhook: what became of it.
    pub(crate) async fn post(&self, url: &str, id: &str, timestamp: i64, signatures: &str, body: Vec<u8>) -> Attempted {
        let since = Instant::now();
        let answered = self.try_post(url, id, timestamp, signatures, body).await;
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

    async fn try_post(
        &self,
        url: &str,
        id: &str,
        timestamp: i64,
        signatures: &str,
        body: Vec<u8>,
    ) -> Result<StatusCode, &'static str> {
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

//! A gateway. The merchant, who describes it, decides what the request looks like; the address guard decides where
//! it may go.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::gateway::{Filled, Gateway, GatewayAnswer, GatewayText, Method, Secrets};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::{AccountCheck, Calling, Carrier, CarrierRefusal, Handover, KnownText, OutgoingText};
use crate::{
    metrics::Service,
    outbound::{address_guard, clients::Clients, http},
};

/// How much of an answer is read.
const MOST_BYTES: usize = 64 * 1024;

/// The HTTP clients for gateways.
#[derive(Debug, Clone)]
pub(crate) struct GatewayClient {
    http: Client,
    private: bool,
}

impl GatewayClient {
    /// Creates a client for public addresses, or with `private` for any address.
    pub(crate) fn new(clients: &Clients, private: bool) -> Self {
        Self { http: clients.of_merchants(private), private }
    }

    fn check(&self, url: &Url) -> Result<(), address_guard::NotPublic> {
        if self.private { Ok(()) } else { address_guard::check_literal(url) }
    }
}

/// A gateway on behalf of one merchant.
pub(crate) struct GatewayCarrier {
    client: GatewayClient,
    gateway: Gateway,
    secrets: Secrets,
    sender: String,
}

impl GatewayCarrier {
    pub(crate) fn new(client: GatewayClient, gateway: Gateway, secrets: Secrets, sender: String) -> Self {
        Self { client, gateway, secrets, sender }
    }

    async fn hand_over(&self, text: OutgoingText<'_>) -> Handover {
        let message_id = text.id.to_string();
        let filled = self.gateway.fill(&GatewayText {
            to: text.to,
            from: &self.sender,
            text: text.body,
            message_id: &message_id,
            report_url: text.report_to.unwrap_or_default(),
            secrets: &self.secrets,
        });
        let request = match filled.map_err(|error| error.to_string()).and_then(|filled| self.request(filled)) {
            Ok(request) => request,
            Err(why) => {
                return Handover::Refused(CarrierRefusal::because(format!("The gateway cannot be called: {why}.")));
            }
        };
        match http::send(Service::Carrier, request).await {
            Ok(response) => self.read(response).await,
            Err(error) if address_guard::is_not_public(&error) => Handover::Refused(not_public()),
            Err(error) if error.is_connect() || error.is_builder() => Handover::NotSent(error.without_url().into()),
            Err(error) => Handover::broken_off(error),
        }
    }

    fn request(&self, filled: Filled) -> Result<RequestBuilder, String> {
        let url: Url = filled.url.parse().map_err(|_| "its address is none".to_owned())?;
        if !self.gateway.leads_to(&url) {
            return Err("its address is at another host than it is described for".to_owned());
        }
        self.client.check(&url).map_err(|error| error.to_string())?;
        let request = match filled.method {
            Method::Post => self.client.http.post(url),
            Method::Put => self.client.http.put(url),
            Method::Get => self.client.http.get(url),
        };
        let request = filled.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        Ok(match filled.body {
            Some(body) => request.body(body),
            None => request,
        })
    }

    async fn read(&self, response: Response) -> Handover {
        let (status, after) = (response.status().as_u16(), http::retry_after(&response));
        let body = match capped(response).await {
            Ok(body) => body,
            Err(error) => return Handover::broken_off(error),
        };
        if body.is_cut && (200..300).contains(&status) {
            // The unread rest may report on the text, for example a refusal.
            let why = "the gateway's answer is longer than is read".to_owned();
            return Handover::Unknown { why, is_down: false };
        }
        match self.gateway.read(status, &body.bytes) {
            GatewayAnswer::Accepted { id } => Handover::Accepted { id },
            GatewayAnswer::Refused { code, opted_out: true } => Handover::Refused(CarrierRefusal {
                reason: format!("The buyer has asked to get no more texts ({code})."),
                code: None,
                opted_out: true,
            }),
            GatewayAnswer::Refused { code, opted_out: false } => {
                Handover::Refused(CarrierRefusal::because(format!("The gateway refused the text ({code}).")))
            }
            GatewayAnswer::Busy => Handover::Busy { after },
            GatewayAnswer::Unknown(why) => Handover::Unknown { why, is_down: status >= 500 },
        }
    }
}

impl Carrier for GatewayCarrier {
    fn send<'a>(&'a self, text: OutgoingText<'a>) -> Calling<'a, Handover> {
        Box::pin(self.hand_over(text))
    }

    /// A description cannot express a lookup, so a report or a person settles unknown texts.
    fn sent_to<'a>(&'a self, _: &'a str, _: DateTime<Utc>) -> Calling<'a, Result<Vec<KnownText>, reqwest::Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn check_account(&self) -> Calling<'_, AccountCheck> {
        Box::pin(std::future::ready(AccountCheck::CannotBeAsked))
    }
}

impl fmt::Debug for GatewayCarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayCarrier").finish_non_exhaustive()
    }
}

fn not_public() -> CarrierRefusal {
    CarrierRefusal::because("The gateway is not at a public address, and the operator does not allow others.")
}

/// The part of an answer that is read.
struct Beginning {
    bytes: Vec<u8>,
    /// Whether there is more.
    is_cut: bool,
}

/// Reads the beginning of an answer; a useful one is not longer.
async fn capped(mut response: Response) -> reqwest::Result<Beginning> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = MOST_BYTES - bytes.len();
        if chunk.len() > room {
            bytes.extend_from_slice(&chunk[..room]);
            return Ok(Beginning { bytes, is_cut: true });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Beginning { bytes, is_cut: false })
}
